// The page of made-up reports: its headline, its sections, and names that are none of HTML's
// business.
#include "report_page.h"

#include <gtest/gtest.h>

#include "analysis/compare.h"

namespace minnow::tool {
namespace {

using analysis::HostTensor;
using analysis::Report;
using analysis::ReportRow;
using analysis::TensorComparison;

HostTensor constant(double value) {
  HostTensor tensor = HostTensor::ofType({DataType::Float32, {1, 2, 8, 8}});
  for (int64_t i = 0; i < 128; ++i) setElement(tensor, i, value);
  return tensor;
}

/// Three operators; of the second, element 70 is off by `error`.
Report reportWith(double error, const std::string& name = "second") {
  const auto a = [name, error](const std::string& tensor) -> Result<HostTensor> {
    HostTensor values = constant(1);
    if (tensor == name) setElement(values, 70, 1 + error);
    return values;
  };
  const auto b = [](const std::string&) -> Result<HostTensor> { return constant(1); };
  Report report;
  report.nameA = "a.npz";
  report.nameB = "b.npz";
  report.a.engine = "minnow";
  report.a.version = "1";
  report.a.target = "avx2";
  report.a.threads = 2;
  report.b.engine = "onnxruntime";
  report.outputs = {"third"};
  report.tensorA = a;
  report.tensorB = b;
  for (const std::string& tensor : {std::string("first"), name, std::string("third")}) {
    const HostTensor left = *a(tensor), right = *b(tensor);
    report.rows.push_back({.step = report.rows.size(),
                           .name = "op_" + tensor,
                           .type = "Conv",
                           .entire = compare(tensor, &left, &right, {})});
  }
  for (size_t i = report.rows.size(); i-- > 0;)
    if (report.rows[i].entire.differs()) report.culprit = static_cast<int>(i);
  return report;
}

std::string heading(const std::string& page) {
  const size_t begin = page.find("<h1>") + 4;
  return page.substr(begin, page.find("</h1>") - begin);
}

size_t count(const std::string& text, const std::string& what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(ReportPage, NamesTheFirstThatDiffersAndDrawsIt) {
  const std::string page = asPage(reportWith(0.5));
  EXPECT_EQ(heading(page), "The first that differs: Conv op_second");
  EXPECT_EQ(count(page, "<tr id=\"row"), 3u);
  EXPECT_NE(page.find("<tr id=\"row1\" class=\"differs culprit\">"), std::string::npos);
  EXPECT_EQ(count(page, "class=\"operator\""), 1u);
  EXPECT_EQ(count(page, "<svg"), 5u);  // along the network; two histograms, two maps
  EXPECT_NE(page.find("channel 1, the worst"), std::string::npos);
  EXPECT_NE(page.find("minnow 1, avx2, 2 threads"), std::string::npos);
  EXPECT_EQ(count(page, "(output)"), 1u);
}

TEST(ReportPage, EqualTracesHaveNoWorst) {
  const std::string page = asPage(reportWith(0));
  EXPECT_EQ(heading(page), "Equal");
  EXPECT_EQ(count(page, "class=\"operator\""), 0u);
  EXPECT_EQ(count(page, "<svg"), 1u);
}

TEST(ReportPage, InputsThatDifferComeFirst) {
  Report report = reportWith(0.5);
  const HostTensor a = constant(1), b = constant(2);
  report.inputs.push_back(compare("images", &a, &b, {}));
  EXPECT_EQ(heading(asPage(report)), "The inputs differ. The first that differs: Conv op_second");
}

TEST(ReportPage, AReplayShowsOwnErrorsBesideInheritedOnes) {
  Report report = reportWith(0.5);
  report.kind = Report::Kind::Replay;
  report.tensorOwn = report.tensorA;
  for (ReportRow& row : report.rows) row.single = row.entire;
  report.rows[1].excess = 1000;
  const std::string page = asPage(report);
  EXPECT_EQ(heading(page), "Look at Conv op_second");
  EXPECT_NE(page.find("single: on the reference's inputs"), std::string::npos);
  EXPECT_NE(page.find("<th>× explained</th>"), std::string::npos);
  report.culprit = -1;
  EXPECT_EQ(heading(asPage(report)), "No operator errs by more than rounding explains");
}

TEST(ReportPage, TensorsThatCannotBeReadLeaveTheirReason) {
  Report report = reportWith(0.5);
  report.tensorB = [](const std::string&) -> Result<HostTensor> {
    return std::unexpected(Error{ErrorCode::InvalidArgument, "the file <is gone>"});
  };
  EXPECT_NE(asPage(report).find("the file &lt;is gone&gt;"), std::string::npos);
}

TEST(ReportPage, NothingComparedIsAPageToo) {
  const std::string page = asPage(Report{});
  EXPECT_NE(page.find("</html>"), std::string::npos);
}

TEST(ReportPage, HostileNamesStayText) {
  const std::string name =
      "</td><script>alert(1)</script>\"onload='x' \xff\x01" + std::string(3000, 'n');
  Report report = reportWith(0.5, name);
  report.nameA = report.a.engine = report.b.model = report.rows[1].type = name;
  const std::string page = asPage(report);
  EXPECT_EQ(count(page, "<script"), 1u);  // the page's own
  EXPECT_EQ(count(page, "<td"), count(page, "</td>"));
}

}  // namespace
}  // namespace minnow::tool
