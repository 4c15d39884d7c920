// Signals and standard streams.
#include "base/program.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/fail.h"
#include "base/whole_file.h"

namespace minnow::base {
namespace {

/// The handler is used up (SA_RESETHAND): what is raised ends the process on return.
void endBySignal(int number) {
  removeUnfinishedFiles();
  ::raise(number);
}

void handle(int number) {
  struct sigaction action{};
  if (::sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) return;
  action = {};
  action.sa_handler = endBySignal;
  action.sa_flags = SA_RESETHAND;
  ::sigaction(number, &action, nullptr);
}

/// A closed stream becomes one that can neither be read with gain nor written.
void occupyStandardStreams() {
  int file = 0;
  do {
    file = ::open("/dev/null", O_RDONLY);
  } while (file >= 0 && file <= STDERR_FILENO);
  if (file >= 0) ::close(file);
}

}  // namespace

void beginProgram() {
  occupyStandardStreams();
  ::signal(SIGXFSZ, SIG_IGN);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) handle(number);
}

Result<void> flushOutput() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  const char* reason = errno != 0 ? std::strerror(errno) : "an earlier write failed";
  return fail(ErrorCode::Io, "standard output: cannot be written: ", reason);
}

}  // namespace minnow::base
