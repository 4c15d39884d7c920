// Verbs and options as CLI11 has them, in the words of bash, zsh, fish and man.
#include "help_pages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <memory>
#include <vector>

#include "exit.h"
#include "minnow/runtime.h"
#include "verbs.h"

namespace minnow::tool {
namespace {

using Verbs = std::vector<const CLI::App*>;

Verbs verbsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> optionsOf(const CLI::App& verb) {
  return verb.get_options([](const CLI::Option* option) { return !option->get_positional(); });
}

/// "-o", "--output"
std::vector<std::string> namesOf(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

/// Every character of `special` behind a backslash.
std::string behindBackslash(const std::string& text, const char* special) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(special).find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string inQuotes(std::string text) {
  for (size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4)
    text.replace(at, 1, "'\\''");
  return "'" + text + "'";
}

std::string forBash(const CLI::App& app) {
  std::string cases;
  std::vector<std::string> names;
  for (const CLI::App* verb : verbsOf(app)) {
    std::vector<std::string> options;
    for (const CLI::Option* option : optionsOf(*verb))
      for (const std::string& name : namesOf(*option)) options.push_back(name);
    names.push_back(verb->get_name());
    cases += fmt::format("    {}) words=\"{}\" ;;\n", verb->get_name(), fmt::join(options, " "));
  }
  return fmt::format(
      "# Completion of minnow for bash. Made by `minnow completion bash`.\n"
      "_minnow() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} words\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{} --help --version\" -- \"$word\"))\n    return\n  fi\n"
      "  case ${{COMP_WORDS[1]}} in\n{}    *) words= ;;\n  esac\n"
      "  case $word in\n"
      "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n"
      "    *) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
      "  esac\n}}\ncomplete -F _minnow minnow\n",
      fmt::join(names, " "), cases);
}

std::string forZsh(const CLI::App& app) {
  std::string verbs, cases;
  for (const CLI::App* verb : verbsOf(app)) {
    verbs += fmt::format("    {}\n", inQuotes(verb->get_name() + ":" + verb->get_description()));
    cases += fmt::format("      {}) _arguments \\\n", verb->get_name());
    for (const CLI::Option* option : optionsOf(*verb))
      for (const std::string& name : namesOf(*option))
        cases +=
            fmt::format("        {} \\\n",
                        inQuotes(name + "[" + behindBackslash(option->get_description(), "[]:\\") +
                                 "]" + (option->get_expected_max() ? ":word:_files" : "")));
    cases += "        '*:file:_files' ;;\n";
  }
  return fmt::format(
      "#compdef minnow\n# Completion of minnow for zsh. Made by `minnow completion zsh`.\n"
      "_minnow() {{\n  local -a verbs\n  verbs=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then\n    _describe verb verbs\n  else\n"
      "    local verb=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $verb in\n{}    "
      "esac\n  fi\n}}\n"
      "_minnow \"$@\"\n",
      verbs, cases);
}

std::string forFish(const CLI::App& app) {
  std::string out = "# Completion of minnow for fish. Made by `minnow completion fish`.\n";
  for (const CLI::App* verb : verbsOf(app)) {
    out += fmt::format("complete -c minnow -n __fish_use_subcommand -f -a {} -d {}\n",
                       verb->get_name(), inQuotes(verb->get_description()));
    for (const CLI::Option* option : optionsOf(*verb)) {
      out +=
          fmt::format("complete -c minnow -n '__fish_seen_subcommand_from {}'", verb->get_name());
      for (const std::string& name : option->get_snames()) out += " -s " + name;
      for (const std::string& name : option->get_lnames()) out += " -l " + name;
      out += fmt::format("{} -d {}\n", option->get_expected_max() ? " -r" : "",
                         inQuotes(option->get_description()));
    }
  }
  return out;
}

/// Text for man(7): no backslash, no dot or quote at a line's beginning, dashes as they are typed.
std::string forMan(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    c == '\\' ? out += "\\e" : c == '-' ? out += "\\-" : out += c;
  }
  return out;
}

std::string optionForMan(const CLI::Option& option) {
  std::vector<std::string> names = namesOf(option);
  if (names.empty()) names.push_back(option.get_name(true));
  const std::string type = option.get_type_name();
  return fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", forMan(fmt::format("{}", fmt::join(names, ", "))),
                     type.empty() || option.get_expected_max() == 0 ? "" : " " + forMan(type),
                     forMan(option.get_description()));
}

std::string verbsForMan(const CLI::App& app) {
  std::string out = ".SH VERBS\n";
  for (const CLI::App* verb : verbsOf(app))
    out += fmt::format(".TP\n\\fB{}\\fR\n{}; see \\fBminnow\\-{}\\fR(1)\n", verb->get_name(),
                       forMan(verb->get_description()), verb->get_name());
  return out;
}

std::string optionsForMan(const CLI::App& verb) {
  std::string out = ".SH OPTIONS\n";
  for (const CLI::Option* option : verb.get_options()) out += optionForMan(*option);
  return out;
}

}  // namespace

std::string completionFor(const std::string& shell, const CLI::App& app) {
  return shell == "bash" ? forBash(app) : shell == "zsh" ? forZsh(app) : forFish(app);
}

std::string manualPage(const CLI::App& app, const CLI::App* verb) {
  const CLI::App& of = verb ? *verb : app;
  const std::string name = verb ? "minnow-" + verb->get_name() : "minnow";
  std::string upper = name, operands;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  for (const CLI::Option* option : of.get_options())
    if (option->get_positional()) operands += " " + option->get_name(true);
  return fmt::format(
      ".TH {} 1 \"\" \"minnow {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n"
      ".SH SYNOPSIS\n\\fBminnow\\fR {}{}\n{}{}.SH NOTES\n.nf\n{}\n.fi\n{}",
      forMan(upper), version(), forMan(name), forMan(of.get_description()),
      verb ? "\\fB" + verb->get_name() + "\\fR [OPTIONS]" : "VERB [OPTIONS]", forMan(operands),
      verb ? "" : verbsForMan(app), optionsForMan(of), forMan(of.get_footer()),
      verb ? ".SH SEE ALSO\n\\fBminnow\\fR(1)\n" : "");
}

namespace {

void print(const std::string& text) { fmt::print("{}", text); }

const CLI::App& verbNamed(const CLI::App& app, const std::string& name) {
  for (const CLI::App* verb : verbsOf(app))
    if (verb->get_name() == name) return *verb;
  throw Failure(Exit::Usage, "there is no verb '" + name + "'");
}

}  // namespace

void addHelpPages(CLI::App& app) {
  auto shell = std::make_shared<std::string>(), verbName = std::make_shared<std::string>();
  CLI::App* completion =
      app.add_subcommand("completion", "A script by which a shell completes minnow's words");
  completion->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer(
      "An installation has the scripts where shells look for them.\n"
      "Examples:\n"
      "  source <(minnow completion bash)\n"
      "  minnow completion fish > ~/.config/fish/completions/minnow.fish");
  completion->callback([&app, shell] { print(completionFor(*shell, app)); });
  CLI::App* manual = app.add_subcommand("manual", "A page for man, of minnow or of one verb");
  manual->add_option("VERB", *verbName, "A verb; without it the page of minnow itself");
  manual->footer(
      "An installation has the pages: man minnow, man minnow-convert.\n"
      "Examples:\n"
      "  minnow manual convert | man -l -");
  manual->callback([&app, verbName] {
    print(manualPage(app, verbName->empty() ? nullptr : &verbNamed(app, *verbName)));
  });
}

}  // namespace minnow::tool
