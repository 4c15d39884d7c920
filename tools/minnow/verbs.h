// The verbs. Each adds its subcommand to the application; parsing runs it. A verb throws Failure to
// end with another exit code than 0.
#pragma once

#include <CLI/CLI.hpp>

namespace minnow::tool {

void addInfo(CLI::App& app);
void addRun(CLI::App& app);
void addBench(CLI::App& app);
void addMemory(CLI::App& app);
void addDiff(CLI::App& app);
void addReplay(CLI::App& app);
void addTrace(CLI::App& app);
void addHash(CLI::App& app);
void addDoctor(CLI::App& app);
/// completion and manual: after all other verbs.
void addHelpPages(CLI::App& app);
/// Nothing in a build without schedules.
void addSchedule(CLI::App& app);
/// convert, export, quantize and conformance; nothing in a build without the converter.
void addOnnxVerbs(CLI::App& app);
void addConvert(CLI::App& app);
void addExport(CLI::App& app);
void addQuantize(CLI::App& app);
void addConformance(CLI::App& app);

}  // namespace minnow::tool
