// Jobs that answer, crash, hang and leave.
#include "forked_jobs.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <vector>

namespace minnow::tool {
namespace {

std::string job(size_t i) {
  if (i == 1) raise(SIGKILL);
  if (i == 2) sleep(30);
  if (i == 3) _exit(7);
  return i == 4 ? std::string(200000, 'x') : std::to_string(i);
}

TEST(ForkedJobs, OneThatCrashesOrHangsTakesNothingWithIt) {
  std::vector<JobOutcome> outcomes(8);
  runForked(outcomes.size(), {.parallel = 3, .timeoutSeconds = 1}, job,
            [&](size_t i, const JobOutcome& outcome) { outcomes[i] = outcome; });
  EXPECT_EQ(outcomes[0].text, "0");
  EXPECT_NE(outcomes[1].crash.find("signal 9"), std::string::npos);
  EXPECT_NE(outcomes[2].crash.find("no answer"), std::string::npos);
  EXPECT_NE(outcomes[3].crash.find("code 7"), std::string::npos);
  EXPECT_EQ(outcomes[4].text.size(), 200000u);
  EXPECT_EQ(outcomes[7].text, "7");
}

}  // namespace
}  // namespace minnow::tool
