// Runs every operator case (op_case.h).
#include <gtest/gtest.h>

#include "backend/cpu/kernel_table.h"
#include "tests/ops/op_case.h"

namespace minnow::optest {

#define MINNOW_CASES(function) CaseList function();
#include "tests/ops/case_list.inc"
#undef MINNOW_CASES

TEST(OpCases, NamesAreListed) { EXPECT_FALSE(unaryCases().empty()); }

}  // namespace minnow::optest
