// The back-ends of this build, in order of preference: the one list.
#pragma once

#include "backend/backend.h"
#include "minnow/runtime.h"

namespace minnow {

/// Those on the CPU. `fast` false: the scalar reference alone.
backend::BackendList backends(bool fast = true);

/// The first that a session or a path asks for and that is there: of several devices one has the operators. If
/// none is, the first that is asked for. An error if any name is none of this build's. Opens devices,
/// which keep what they compile in the folder `kernelCache`.
Result<const backend::Backend*> firstBackend(std::string_view first, std::string_view backups,
                                             std::string_view kernelCache);

/// True for the name of one that has memory of its own, a device's, be it there or not.
bool isOnDevice(std::string_view name);
/// An error where a session and its paths, whose first back-ends are known, want several devices that
/// are there. Of those that are not, what wants another than the one there goes to the CPU.
Result<void> onOneDevice(SessionOptions& options);
/// The device that the session or one of its paths asks for, and the CPU's back-ends behind it.
backend::BackendList backendsFor(const SessionOptions& options);

}  // namespace minnow
