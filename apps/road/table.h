// The table of models (models.toml): what each is made from, what goes in, what comes out. A model
// of a known kind needs a table entry and nothing else; the entry's fields are explained in the
// table.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>

#include "minnow/image.h"
#include "parameters.h"

namespace road {

/// How a model looks at a stream: as the keys of a schedule's file (docs/scheduling.md).
struct LiveEntry {
  double rate = 0;        ///< frames a second, or all where the stream has fewer; of a reader 0
  std::string of;         ///< a reader's: the model of the table that finds what it reads
  minnow::Shape shape;    ///< to run with; of rank 0 one of the model's
  int crops = 1;          ///< the most that it reads of one frame
  double deadlineMs = 0;  ///< 0: until its next frame
  int priority = 0;
  bool evictable = false;
  /// Of one with tiles: after each frame that this other model looked at it looks at the frame's tiles.
  std::string tilesAfter;
};

struct ModelEntry {
  std::string name, task;
  std::string onnx;     ///< file name of the original
  std::string package;  ///< npm package that holds it; empty for files that the user brings
  std::string input;    ///< its input's name; empty: the model's first
  /// Shapes to run with; a picture takes the one that shows it largest. The model is converted once,
  /// for the range that holds them. Empty: as the model says.
  std::vector<minnow::Shape> shapes;
  std::string kind;                  ///< of post-processing (post/kinds.cc)
  std::vector<std::string> outputs;  ///< in the order that the kind wants; empty: the model's
  std::vector<std::string> of;       ///< kinds or classes of features whose crops this model reads
  int tiles = 1;      ///< beside the whole picture, squares of which so many cover its shorter side
  double margin = 0;  ///< what to add around a crop, as a part of its size
  double sure = 0;    ///< what scores less is a candidate: it can be read, but is not kept…
  double seconded = 2;  ///< …unless it scores this and another model agrees
  bool draw = true;     ///< whether its features appear in the annotated picture
  std::array<uint8_t, 3> colour{255, 255, 255};
  minnow::vision::PreProcess pre;
  std::string labelsFile;
  Parameters post;
  std::optional<LiveEntry> live;  ///< none: it takes no part in a stream

  /// From the least to the most of all shapes, axis by axis, as `minnow convert --shape` reads it:
  /// "1,3,544..960,736..960". Empty where there are none.
  std::string shapeRange() const;
  /// Name of the converted file.
  std::string convertedName() const;
};

/// Errors name the file, the line and the model.
minnow::Result<std::vector<ModelEntry>> readTable(const std::filesystem::path& path);

/// Class names from the model's file of labels, beside the table or in the folders.
minnow::Result<void> readLabels(ModelEntry& entry, std::span<const std::filesystem::path> folders);

/// The first file of that name in the folders or anywhere below them; empty when there is none.
std::filesystem::path findFile(std::span<const std::filesystem::path> folders,
                               const std::filesystem::path& name);
/// The lines of a text file, without line ends.
minnow::Result<std::vector<std::string>> readLines(const std::filesystem::path& path);

}  // namespace road
