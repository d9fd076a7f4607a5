#include <gtest/gtest.h>

#include "base/text.h"
#include "report/markup_check.h"

namespace plimsoll::report {

namespace {

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == ':';
}

std::string bad_reference(std::string_view text) {
    for (auto at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1)) {
        const auto rest = text.substr(at, 8);
        bool known = false;
        for (const auto* entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}) known |= rest.starts_with(entity);
        if (!known) return "ampersand: " + std::string(rest);
    }
    return {};
}

class Reader {
public:
    Reader(std::string_view text, bool is_html) : text_(text), is_html_(is_html) {}

    std::string fault() {
        if (text_.starts_with(is_html_ ? "<!doctype html>" : "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"))
            at_ = text_.find('>') + 1;
        while (at_ < text_.size()) {
            const auto open = std::min(text_.find('<', at_), text_.size());
            const auto between = text_.substr(at_, open - at_);
            at_ = open;
            if (auto wrong = bad_reference(between); !wrong.empty()) return wrong;
            if (between.contains('>')) return "bare >";
            if (at_ == text_.size()) break;
            if (auto wrong = tag(); !wrong.empty()) return wrong + " at " + std::string(text_.substr(open, 60));
        }
        return open_.empty() ? std::string() : "never closed: " + open_.back();
    }

private:
    std::string tag() {
        const bool closes = text_.substr(++at_).starts_with('/');
        if (closes) ++at_;
        const auto name = word();
        if (name.empty()) return "no element name";
        if (closes) {
            if (open_.empty() || open_.back() != name) return "closes what is not open";
            open_.pop_back();
            return text_[at_++] == '>' ? std::string() : "junk in an end tag";
        }
        std::set<std::string> seen;
        for (;;) {
            while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
            if (text_.substr(at_).starts_with("/>")) {
                at_ += 2;
                return {};
            }
            if (text_.substr(at_).starts_with('>')) break;
            const auto attribute = word();
            if (attribute.empty() || !seen.insert(attribute).second) return "attribute " + attribute;
            if (!text_.substr(at_).starts_with("=\"")) return "unquoted attribute";
            const auto end = text_.find('"', at_ + 2);
            if (end == std::string_view::npos) return "attribute without end";
            const auto value = text_.substr(at_ + 2, end - at_ - 2);
            if (value.contains('<') || !bad_reference(value).empty()) return "attribute value";
            if (is_html_ && attribute.starts_with("on")) return "event handler";
            if (attribute == "href" && !value.starts_with('#')) return "link to elsewhere";
            if (attribute == "src" || attribute == "style") return "attribute that the page must not have";
            at_ = end + 1;
        }
        ++at_;
        if (is_html_ && name == "meta") return {};
        if (is_html_ && name == "style") {
            at_ = text_.find("</style>", at_);
            if (at_ == std::string_view::npos) return "style without end";
        }
        open_.push_back(name);
        return {};
    }

    std::string word() {
        const auto begin = at_;
        while (at_ < text_.size() && is_name(text_[at_])) ++at_;
        return std::string(text_.substr(begin, at_ - begin));
    }

    std::string_view text_;
    bool is_html_;
    std::size_t at_ = 0;
    std::vector<std::string> open_;
};

}  // namespace

std::string markup_fault(std::string_view text, bool is_html) { return Reader(text, is_html).fault(); }

std::size_t elements(std::string_view text, std::string_view name) {
    std::size_t found = 0;
    const auto open = "<" + std::string(name);
    for (auto at = text.find(open); at != std::string_view::npos; at = text.find(open, at + 1)) {
        found += at + open.size() < text.size() && !is_name(text[at + open.size()]) ? 1 : 0;
    }
    return found;
}

namespace {

TEST(MarkupCheck, finds_what_is_not_well_formed) {
    EXPECT_EQ(markup_fault("<a b=\"c\"><d/>x &amp; y</a>\n", false), "");
    for (const auto* text : {"<a>", "</a>", "<a><b></a></b>", "<a b=c/>", "<a b=\"<\"/>", "<a>&nbsp;</a>",
                             "<a b=\"1\" b=\"2\"/>", "<a>]]></a>", "< a/>", "<a b=\"1/>"}) {
        EXPECT_NE(markup_fault(text, false), "") << text;
    }
    EXPECT_NE(markup_fault("<a onclick=\"x\"></a>", true), "");
    EXPECT_NE(markup_fault("<a href=\"https&#39;\"></a>", true), "");
    EXPECT_EQ(elements("<ab/><a/><a >", "a"), 2U);
}

}  // namespace
}  // namespace plimsoll::report
