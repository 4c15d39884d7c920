// What shells and `man` want to know of the command line, out of what `--help` says.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace minnow::tool {

/// A script that completes verbs, options and, where a word may be one, files. Shells are bash, zsh and
/// fish.
std::string completionFor(const std::string& shell, const CLI::App& app);
/// minnow(1), or of a verb minnow-VERB(1), in the language of man(7).
std::string manualPage(const CLI::App& app, const CLI::App* verb);

}  // namespace minnow::tool
