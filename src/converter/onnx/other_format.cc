// Files that people take for ONNX, by their first bytes.
#include <algorithm>
#include <string_view>

#include "base/fail.h"
#include "converter/onnx/import.h"

namespace minnow::converter {
namespace {

struct Format {
  size_t offset;
  std::string_view magic;
  const char* what;  ///< "this is …"
};

constexpr const char* kTensorFlow =
    "a TensorFlow model; tf2onnx makes ONNX of it: python -m tf2onnx.convert";

constexpr Format kFormats[] = {
    {4, "ORTM", "a model in ONNX Runtime's own format (.ort); convert the .onnx it was made of"},
    {0, std::string_view("PK\x03\x04", 4),
     "a ZIP archive: a PyTorch model (.pt; torch.onnx.export makes ONNX of it), a Keras model "
     "(.keras; model.export(\"MODEL.onnx\", format=\"onnx\")), or a packed .onnx (unpack it "
     "first)"},
    {0, std::string_view("\x80\x02\x8a\x0al\xfc\x9c", 7),
     "a PyTorch checkpoint; torch.onnx.export makes ONNX of the model it belongs to"},
    {0, "\x89HDF",
     "an HDF5 file, perhaps a Keras model (.h5); load it in Keras, then "
     "model.export(\"MODEL.onnx\", format=\"onnx\")"},
    {0, "GGUF", "a GGUF file of weights, from which no ONNX model can be made"},
    {0, "MINNOW", "a .minnow file, converted already"},
    {0, "version https://git-lfs",
     "a Git LFS pointer, not the model itself; fetch it with: git lfs pull"},
    {0, "\x1f\x8b", "compressed with gzip; unpack it first (gunzip)"},
    {0, "<!DOCTYPE", "a web page, perhaps saved in place of the model; download the file itself"},
    {0, "<html", "a web page, perhaps saved in place of the model; download the file itself"},
    {0, "<?xml",
     "an XML file, perhaps an OpenVINO model; convert the ONNX model that it was made of"},
};

/// TensorFlow's messages have other fields than ONNX's: GraphDef begins with a node (field 1, a
/// message, which begins with a name), SavedModel with its version 1 and a message.
bool isTensorFlow(std::string_view head) {
  const auto messageAt = [&](size_t at) {  // a length of one to four bytes, then a field 1
    const size_t first = head.find('\x0a', at + 1);
    return first != head.npos && first <= at + 4;
  };
  if (head.starts_with('\x0a')) return messageAt(1);
  return head.starts_with("\x08\x01\x12") && messageAt(3);
}

}  // namespace

std::string otherFormat(std::span<const std::byte> file) {
  const std::string_view head(reinterpret_cast<const char*>(file.data()),
                              std::min<size_t>(file.size(), 64));
  for (const Format& format : kFormats)
    if (head.size() > format.offset && head.substr(format.offset).starts_with(format.magic))
      return text("this is no ONNX model but ", format.what);
  return isTensorFlow(head) ? text("this is no ONNX model but probably ", kTensorFlow) : "";
}

}  // namespace minnow::converter
