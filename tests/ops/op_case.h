// An operator case is data: attributes, input shapes and how to fill them. One loop
// (op_cases_test.cc) runs each case on the scalar reference and then, for every CPU target this
// machine has, on the fast kernel that the backend's table chooses, with plain, channels-last and
// gapped storage and 1 and 3 threads; the bits must be the same. A second loop does so with awkward
// numbers in place of the random ones.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "ops/operator.h"

namespace minnow::optest {

enum class Fill {
  Random,    ///< uniform in [low, high)
  Sequence,  ///< 0, 1, 2, … (indices)
  Special,   ///< half of them random, half zeros, infinities, NaNs, denormals, halves, limits …
  Tiny,   ///< half of them random, half zeros, denormals, and numbers whose products are denormal
  Given,  ///< `given`, converted to the type
};

struct OpInput {
  Shape shape;
  DataType type = DataType::Float32;
  Fill fill = Fill::Random;
  float low = -1, high = 1;
  std::vector<double> given = {};
  /// Constant weights: also tried packed, where the operator has a packed form of them.
  bool weights = false;
  bool absent = false;
};

struct OpCase {
  std::string name;  ///< unique, letters, digits and underscores
  std::shared_ptr<const ops::Operator> op;
  std::vector<OpInput> inputs;
  bool fails = false;  ///< the data are wrong on purpose: every kernel must return an error
};

/// For test messages.
void PrintTo(const OpCase& c, std::ostream* out);

/// Each tests/ops/NAME_cases.cc defines one function of this type, listed in case_list.inc.
using CaseList = std::vector<OpCase>;
/// Those of every file.
CaseList allCases();

}  // namespace minnow::optest
