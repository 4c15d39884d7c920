// What the names of ONNX tensors stand for: a stack of scopes. A branch or a loop's body sees the
// names around it and adds its own, which end with it; a function's body sees none but its own.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "ir/graph.h"

namespace minnow::converter {

/// Beside ir::kNoValue (an optional input that was left out), what a name can stand for:
inline constexpr ir::ValueId kFailed = -2;       ///< a result of a node that cannot be imported
inline constexpr ir::ValueId kNotComputed = -3;  ///< an output that our form of a node lacks
inline constexpr ir::ValueId kUnknown = -4;      ///< nobody has written it

class Scopes {
 public:
  enum class Kind : bool { Open, Function };

  /// A scope for as long as this lives.
  class Inner {
   public:
    Inner(Scopes& scopes, Kind kind) : scopes_(scopes) { scopes.stack_.push_back({kind, {}}); }
    ~Inner() { scopes_.stack_.pop_back(); }
    Inner(const Inner&) = delete;
    Inner& operator=(const Inner&) = delete;

   private:
    Scopes& scopes_;
  };

  ir::ValueId find(const std::string& name) const {
    for (size_t i = stack_.size(); i-- > 0;) {
      const auto found = stack_[i].names.find(name);
      if (found != stack_[i].names.end()) return found->second;
      if (stack_[i].kind == Kind::Function) break;
    }
    return kUnknown;
  }
  bool knows(const std::string& name) const { return find(name) != kUnknown; }
  /// In the innermost scope; whatever the name stood for there is forgotten.
  void set(const std::string& name, ir::ValueId value) { stack_.back().names[name] = value; }
  /// False if the innermost scope has the name already.
  bool add(const std::string& name, ir::ValueId value) {
    return stack_.back().names.emplace(name, value).second;
  }
  size_t depth() const { return stack_.size(); }

 private:
  struct Scope {
    Kind kind;
    std::unordered_map<std::string, ir::ValueId> names;
  };
  std::vector<Scope> stack_{{Kind::Function, {}}};
};

}  // namespace minnow::converter
