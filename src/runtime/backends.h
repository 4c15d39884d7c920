// The back-ends of this build, in order of preference: the one list.
#pragma once

#include "backend/backend.h"
#include "minnow/runtime.h"

namespace minnow {

/// Those on the CPU. `fast` false: the scalar reference alone.
backend::BackendList backends(bool fast = true);

/// What a session or a path asks for, as it is meant: devices in their order, up to the CPU, which is
/// behind all and stands there alone. One that is not there computes nothing, and says why. An error if
/// any name is none of this build's. Devices that are opened afterwards keep what they compile in the folder
/// `kernelCache`.
Result<backend::BackendList> backendsAsked(std::string_view first, std::string_view backups,
                                           std::string_view kernelCache);
/// The names behind the first of such a list, as backups are given. They live as long as the process.
std::string_view namesBehind(const backend::BackendList& list);
/// The devices that are named in such words.
backend::BackendList devicesNamed(std::string_view first, std::string_view backups);

/// False for a device that this machine lacks, or that failed.
bool isHere(const backend::Backend& backend);
/// True for the name of one that has memory of its own, a device's, be it there or not.
bool isOnDevice(std::string_view name);
/// The devices that the session asks for, then those of its paths, and the CPU's back-ends behind them.
backend::BackendList backendsFor(const SessionOptions& options);

}  // namespace minnow
