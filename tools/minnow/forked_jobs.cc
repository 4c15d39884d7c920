// fork, a pipe for the answer, poll with deadlines.
#include "forked_jobs.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "clock.h"

namespace minnow::tool {
namespace {

struct Child {
  size_t job = 0;
  pid_t pid = -1;
  int pipe = -1;
  Clock clock{};
  std::string text{};
  bool timedOut = false;
};

/// The answer goes through the pipe and ends with this byte, so that a child that died half-way is
/// told from one that had finished.
constexpr char kComplete = '\x04';

[[noreturn]] void runChild(int pipe, const std::function<std::string(size_t)>& job, size_t i) {
  std::string text = job(i) + kComplete;
  for (size_t done = 0; done < text.size();) {
    const ssize_t written = write(pipe, text.data() + done, text.size() - done);
    if (written <= 0) _exit(1);
    done += static_cast<size_t>(written);
  }
  _exit(0);
}

Child start(size_t i, const std::function<std::string(size_t)>& job) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe can be made");
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("no process can be started");
  if (pid == 0) {
    close(ends[0]);
    runChild(ends[1], job, i);
  }
  close(ends[1]);
  return {.job = i, .pid = pid, .pipe = ends[0]};
}

JobOutcome reap(Child& child, double timeoutSeconds) {
  close(child.pipe);
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (child.timedOut) return {"", fmt::format("no answer in {:.0f} s", timeoutSeconds)};
  if (child.text.ends_with(kComplete)) {
    child.text.pop_back();
    return {child.text, ""};
  }
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return {"", fmt::format("signal {} ({})", signal, strsignal(signal))};
  }
  return {"", fmt::format("exited with code {}", WEXITSTATUS(status))};
}

/// Reads what there is; false when the child has closed its end.
bool readSome(Child& child) {
  char buffer[4096];
  const ssize_t got = read(child.pipe, buffer, sizeof buffer);
  if (got < 0 && errno == EINTR) return true;
  if (got > 0) child.text.append(buffer, static_cast<size_t>(got));
  return got > 0;
}

void killOverdue(std::vector<Child>& children, double timeoutSeconds) {
  for (Child& child : children) {
    if (child.timedOut || child.clock.ms() < timeoutSeconds * 1e3) continue;
    child.timedOut = true;
    kill(child.pid, SIGKILL);  // its end of the pipe closes, which poll reports
  }
}

}  // namespace

void runForked(size_t count, const JobOptions& options,
               const std::function<std::string(size_t)>& job,
               const std::function<void(size_t, const JobOutcome&)>& finished) {
  std::vector<Child> children;
  size_t next = 0;
  while (next < count || !children.empty()) {
    while (next < count && children.size() < static_cast<size_t>(options.parallel))
      children.push_back(start(next++, job));
    std::vector<pollfd> polled;
    for (const Child& child : children) polled.push_back({child.pipe, POLLIN, 0});
    constexpr int kTickMs = 200;
    poll(polled.data(), polled.size(), kTickMs);
    killOverdue(children, options.timeoutSeconds);
    for (size_t i = children.size(); i-- > 0;) {
      if (polled[i].revents == 0 || readSome(children[i])) continue;
      Child ended = std::move(children[i]);
      children.erase(children.begin() + static_cast<ptrdiff_t>(i));
      finished(ended.job, reap(ended, options.timeoutSeconds));
    }
  }
}

}  // namespace minnow::tool
