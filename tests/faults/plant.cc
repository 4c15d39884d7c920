// Plants a fault: linked into the command line with chooseKernel() wrapped, gives one operator of
// the model a faulty kernel. $MINNOW_FAULT is FAULT:TYPE:NUMBER, say missed-clamp:Conv:3, counting
// the operators of that type that have a kernel, in execution order from 0. Unset: no fault.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "backend/cpu/kernel_table.h"
#include "faults/faults.h"

// The linker's --wrap sends calls of the first to the second and lets the second call the third.
#define MINNOW_CHOOSE_KERNEL                                 \
  "_ZN6minnow7backend3cpu12chooseKernelERKNS_3ops8OperatorE" \
  "St4spanIKNS_10TensorViewELm18446744073709551615EES9_"

namespace minnow::faults {
namespace {

using Views = std::span<const TensorView>;

struct Wanted {
  std::string fault, type;
  size_t number = 0;
};

[[noreturn]] void giveUp(const std::string& why) {
  std::fprintf(stderr, "MINNOW_FAULT: %s\n", why.c_str());
  std::exit(70);
}

std::optional<Wanted> wantedFault() {
  const char* text = std::getenv("MINNOW_FAULT");
  if (text == nullptr) return std::nullopt;
  const std::string words = text;
  const size_t first = words.find(':'), last = words.rfind(':');
  if (first == last) giveUp(words + " is not FAULT:TYPE:NUMBER");
  return Wanted{words.substr(0, first), words.substr(first + 1, last - first - 1),
                std::stoul(words.substr(last + 1))};
}

kernels::KernelFn faultyKernel(const std::string& name, ops::OpKind kind) {
  for (const auto& faults : {sumFaults(), elementFaults()})
    for (const Fault& fault : faults)
      if (fault.name == name && fault.kind == kind) return fault.run;
  giveUp(name + " is no fault of " + ops::opKindName(kind));
}

kernels::KernelFn right = nullptr;

/// Which of the operators of its type this is: sessions of one model share their operators.
size_t numberOf(const ops::Operator& op) {
  static std::vector<const ops::Operator*> known;
  const auto found = std::ranges::find(known, &op);
  const auto number = static_cast<size_t>(found - known.begin());
  if (found == known.end()) known.push_back(&op);
  return number;
}

}  // namespace

kernels::KernelFn rightKernel() { return right; }

backend::KernelRow chooseRight(const ops::Operator& op, Views inputs,
                               Views outputs) __asm__("__real_" MINNOW_CHOOSE_KERNEL);
backend::KernelRow chooseFaulty(const ops::Operator& op, Views inputs,
                                Views outputs) __asm__("__wrap_" MINNOW_CHOOSE_KERNEL);

backend::KernelRow chooseFaulty(const ops::Operator& op, Views inputs, Views outputs) {
  static const std::optional<Wanted> wanted = wantedFault();
  backend::KernelRow row = chooseRight(op, inputs, outputs);
  if (!wanted || op.name() != wanted->type || numberOf(op) != wanted->number) return row;
  std::fprintf(stderr, "planted %s in %s %s\n", wanted->fault.c_str(), op.name().c_str(),
               outputs[0].shape.toString().c_str());
  right = row.run;
  row.run = faultyKernel(wanted->fault, op.kind());
  return row;
}

}  // namespace minnow::faults
