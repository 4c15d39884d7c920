// Traces, and what compares them.
#include "analysis/compare.h"
#include "analysis/record.h"
#include "analysis/replay.h"
#include "analysis/trace.h"
#include "face.h"
#include "runtime/c_handles.h"

namespace minnow {
namespace {

using namespace minnow::c;

minnow_status handOver(const Result<analysis::Report>& report, minnow_bytes* given) {
  if (!report) return failed(report.error());
  const std::string json = analysis::toJson(*report);
  return c::handOver(std::as_bytes(std::span(json)), given);
}

Result<analysis::Tolerance> toleranceOf(minnow_tolerance given) {
  if (given.absolute >= 0 && given.relative >= 0)
    return analysis::Tolerance{given.absolute, given.relative};
  return fail(ErrorCode::InvalidArgument, "a tolerance of ", given.absolute, ", ", given.relative,
              "; both are 0 or more");
}

}  // namespace
}  // namespace minnow

using namespace minnow;

extern "C" {

minnow_status minnow_trace(const minnow_runtime* runtime, const minnow_interpreter* interpreter,
                           const minnow_session* session, minnow_frame* frame, const char* path,
                           const char* only, int summary) {
  return checked([&]() -> minnow_status {
    if (!runtime || !interpreter || !session || !frame || !path) return nullArgument();
    const auto recorded =
        analysis::recordTrace(runtime->object, interpreter->object, session->object, frame->object,
                              {.only = only ? only : "", .summary = summary != 0}, path);
    return recorded ? MINNOW_OK : failed(recorded.error());
  });
}

minnow_status minnow_diff(const char* a, const char* b, minnow_tolerance tolerance,
                          minnow_bytes* report) {
  return checked([&]() -> minnow_status {
    if (!a || !b || !report) return nullArgument();
    const auto within = toleranceOf(tolerance);
    if (!within) return failed(within.error());
    const auto traceA = analysis::Trace::open(a);
    if (!traceA) return failed(traceA.error());
    const auto traceB = analysis::Trace::open(b);
    if (!traceB) return failed(traceB.error());
    return minnow::handOver(analysis::compare(*traceA, *traceB, *within), report);
  });
}

minnow_status minnow_replay(const minnow_runtime* runtime, const minnow_interpreter* interpreter,
                            minnow_session* session, const char* reference,
                            minnow_tolerance tolerance, minnow_bytes* report) {
  return checked([&]() -> minnow_status {
    if (!runtime || !interpreter || !session || !reference || !report) return nullArgument();
    const auto within = toleranceOf(tolerance);
    if (!within) return failed(within.error());
    const auto trace = analysis::Trace::open(reference);
    if (!trace) return failed(trace.error());
    return minnow::handOver(
        analysis::replay(runtime->object, interpreter->object, session->object, *trace, *within),
        report);
  });
}

}  // extern "C"
