// What the models find in a picture, in the picture's own pixels.
#pragma once

#include <string>
#include <vector>

namespace road {

struct Point {
  double x = 0, y = 0;
};

enum class Form {
  Box,      ///< points: upper left corner, lower right corner
  Line,     ///< points: two or more, in order
  Polygon,  ///< points: three or more; of a text box four, from the text's upper left, clockwise
};

struct Feature {
  std::string model;  ///< of the table
  std::string kind;   ///< "text", "line", "face", "object", "area", "lane", "sign"
  Form form = Form::Box;
  std::vector<Point> points;
  std::string text;  ///< the text read, or the class's name
  double score = 0;
};

}  // namespace road
