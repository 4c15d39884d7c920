// Making functions of kernels.
#include "backend/cl/joined_text.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/fail.h"

namespace minnow::backend::cl {
namespace {

using std::string_view;

bool isLetter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// The name that ends before a place.
string_view nameBefore(string_view text, size_t end) {
  while (end > 0 && !isLetter(text[end - 1])) --end;
  size_t first = end;
  while (first > 0 && isLetter(text[first - 1])) --first;
  return text.substr(first, end - first);
}

/// The names that begin behind a letter of these.
void addNamesBehind(string_view letters, string_view line, std::vector<string_view>& names) {
  for (size_t at = line.find_first_of(letters); at != string_view::npos;
       at = line.find_first_of(letters, at + 1)) {
    const size_t first = line.find_first_not_of(' ', at + 1);
    const size_t end = std::find_if_not(line.begin() + first, line.end(), isLetter) - line.begin();
    if (end > first) names.push_back(line.substr(first, end - first));
  }
}

struct Names {
  std::vector<string_view> macros, declared;
};

/// What a line that is in no function declares.
void addNames(string_view line, Names& names) {
  if (line.starts_with("#define "))
    addNamesBehind(" ", line.substr(7, line.find_first_of(" (", 8) - 7), names.macros);
  else if (line.starts_with("enum {"))
    addNamesBehind("{,", line.substr(0, line.find('}')), names.declared);
  else if (line.starts_with("} ") || (line.starts_with("typedef ") && line.ends_with(';')))
    names.declared.push_back(nameBefore(line, line.size()));
  else if (line.starts_with("static ") || line.starts_with("kernel "))
    names.declared.push_back(nameBefore(line, line.find('(')));
  else if (!line.empty() && std::isupper(static_cast<unsigned char>(line[0])) != 0)
    addNamesBehind("(", line.substr(0, line.find(',')), names.declared);  // a macro that makes one
}

Names namesOf(string_view text) {
  Names names;
  for (size_t first = 0, end; first < text.size(); first = end + 1) {
    end = std::min(text.find('\n', first), text.size());
    addNames(text.substr(first, end - first), names);
  }
  return names;
}

std::string replaced(string_view text, string_view from, string_view to) {
  std::string made;
  for (size_t at; (at = text.find(from)) != string_view::npos; text.remove_prefix(at + from.size()))
    made += text.substr(0, at), made += to;
  return made += text;
}

/// Kernels as functions of the work-item.
std::string asFunctions(string_view text) {
  constexpr string_view kKernel = "kernel void ";
  std::string made;
  for (size_t at; (at = text.find(kKernel)) != string_view::npos;) {
    const size_t name = at + kKernel.size(), behind = text.find('(', name) + 1;
    made += minnow::text(text.substr(0, at), "static void ", text.substr(name, behind - name),
                         "int item, ");
    text.remove_prefix(behind);
  }
  made += text;
  return replaced(made, "get_global_id(0)", "item");
}

/// "global const T* x, …, long4 places, Conv g" of a kernel.
string_view parametersOf(string_view text, const std::string& function) {
  const std::string start = "kernel void " + function + "(";
  const size_t first = text.find(start) + start.size();
  return text.substr(first, text.find(')', first) - first);
}

/// A function that computes a part by one kernel's function.
std::string partText(const gpu::KernelName& kernel, string_view text, size_t number) {
  std::string pointers, places;
  string_view rest = parametersOf(text, kernel.function);
  for (int k = 0; k < gpu::kMostPointers; ++k) {
    const size_t star = rest.find('*');
    places += star == string_view::npos ? "0" : minnow::text("part[", 2 + 2 * k, "]");
    places += k + 1 < gpu::kMostPointers ? ", " : "";
    if (star == string_view::npos) continue;
    pointers += minnow::text("(", rest.substr(0, star + 1), ")(part[", 1 + 2 * k,
                             "] ? constants : block), ");
    rest.remove_prefix(rest.find(',') + 1);
  }
  const string_view geometry = nameBefore(rest, rest.rfind(' '));
  return minnow::text("static void part_", number,
                      "(global char* block, global char* constants, global const int* part) {\n"
                      "  const ",
                      geometry, " g = *(global const ", geometry, "*)(part + ",
                      1 + 2 * gpu::kMostPointers,
                      ");\n"
                      "  const long4 places = (long4)(",
                      places,
                      ");\n"
                      "  for (int i = get_local_id(0); i < g.items; i += get_local_size(0))\n    ",
                      kernel.function, "(i, ", pointers, "places, g);\n}\n");
}

/// The kernel's file, with names of its own, and what computes a part by it.
std::string ownText(const gpu::KernelName& kernel, size_t number) {
  const string_view text = gpu::kernelText(kernel.file + ".cl");
  const Names names = namesOf(text);
  const std::string options = gpu::definitions(kernel.options);
  std::string before = options, behind;
  for (const string_view name : names.declared) {
    before += minnow::text("#define ", name, " ", name, "_", number, "\n");
    behind += minnow::text("#undef ", name, "\n");
  }
  for (const string_view name : names.macros) behind += minnow::text("#undef ", name, "\n");
  for (const string_view name : namesOf(options).macros)
    behind += minnow::text("#undef ", name, "\n");
  return before + asFunctions(text) + partText(kernel, text, number) + behind;
}

}  // namespace

std::string joinedText(std::span<const gpu::KernelName> kernels) {
  std::string parts, cases;
  for (size_t k = 0; k < kernels.size(); ++k) {
    parts += ownText(kernels[k], k);
    cases += text("      case ", k, ": part_", k, "(block, constants, part); break;\n");
  }
  return parts +
         "kernel void joined(global char* block, global char* constants, global const int* parts,\n"
         "                   long4 range, int items) {\n"
         "  for (int p = (int)range.x; p < (int)range.y; ++p) {\n"
         "    global const int* part = parts + parts[p];\n"
         "    switch (part[0]) {\n" +
         cases +
         "    }\n"
         "    barrier(CLK_GLOBAL_MEM_FENCE);\n"
         "  }\n"
         "}\n";
}

}  // namespace minnow::backend::cl
