// Which instruction sets the fast kernels may use on this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace minnow::kernels::simd {

/// True if some target with a fused multiply-add is available; without one only the scalar
/// reference may run.
bool available();
/// Names ("AVX2", "AVX3", "NEON"…) of the targets this build has and this machine can run, best
/// first.
std::vector<std::string> targetNames();
/// Restricts dispatch to one of targetNames(); an empty name lifts the restriction. False if there
/// is no such target. Not for use while a session runs.
bool restrictTo(const std::string& name);

}  // namespace minnow::kernels::simd
