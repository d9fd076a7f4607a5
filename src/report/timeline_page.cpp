#include "report/timeline_page.h"

#include <fmt/format.h>

#include "report/escape.h"
#include "report/html_style.h"

namespace plimsoll::report::page {

namespace {

/// Beside the audit's style: the vertical line with its entries, and tables of activity.
constexpr std::string_view kStyle = R"css(
.usual{--c:var(--soft)}.gapped{--c:var(--soft)}
.entries{list-style:none;margin:.5rem 0 0;padding:0}
.entries>li{display:grid;grid-template-columns:7.6rem 1fr;gap:0 1.6rem;position:relative;padding:.5rem 0}
.entries>li::before{content:"";position:absolute;left:8.37rem;top:0;bottom:0;border-left:2px solid var(--line)}
.entries>li::after{content:"";position:absolute;left:8.02rem;top:.85rem;width:.8rem;height:.8rem;border-radius:50%;background:var(--c);
border:2px solid var(--paper)}
.entries>li.gapped::before{border-left:2px dashed var(--soft)}
.entries>li.gapped::after{background:var(--paper);border-color:var(--soft)}
.when{text-align:right;font-variant-numeric:tabular-nums}.when b{font-weight:600}.when span{display:block;color:var(--soft);font-size:.8rem}
.what{min-width:0}.what p{margin:0}.what ul{margin:.25rem 0 0;padding:0;list-style:none;color:var(--soft);font-size:.9rem}
.what code{font:.9em ui-monospace,"SFMono-Regular",Menlo,Consolas,"DejaVu Sans Mono",monospace}
li.quieter .what p,li.quieter .when b{color:var(--soft);font-weight:400}
.life{margin-top:2.5rem}.then{font-style:italic}
h3.day{margin:1.6rem 0 .2rem;font-size:1rem;color:var(--navy)}
.lead{font-size:1.15rem;line-height:1.5}.lead p{margin:.45rem 0}
td.up{color:var(--high)}
header.plain-top{padding-top:2.5rem}
@media(max-width:44rem){.entries>li{grid-template-columns:1fr;gap:.1rem;padding-left:1.5rem}
.entries>li::before{left:.35rem}.entries>li::after{left:0}.when{text-align:left}.when span{display:inline;margin-left:.6rem}header.plain-top{padding-top:1.3rem}}
)css";

}  // namespace

std::string head(std::string_view title, std::string_view skip) {
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n<style>{}{}</style></head>\n"
        "<body><a class=\"skip\" href=\"#main\">{}</a>\n",
        markup(bounded(title, 200)), kHtmlStyle, kStyle, markup(skip));
}

std::string_view tone_class(Tone tone) {
    switch (tone) {
        case Tone::quiet:
        case Tone::plain: return "usual";
        case Tone::good: return "none";
        case Tone::notice: return "low";
        case Tone::warning: return "high";
        case Tone::severe: return "critical";
        case Tone::gap: return "gapped";
    }
    return "usual";
}

std::string_view tone_colour(Tone tone) {
    switch (tone) {
        case Tone::quiet: return "2";
        case Tone::plain: return "";
        case Tone::good: return "32";
        case Tone::notice: return "36";
        case Tone::warning: return "1;33";
        case Tone::severe: return "1;31";
        case Tone::gap: return "35";
    }
    return "";
}

std::string json_for_html(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c == '<') {
            out += "\\u003c";
        } else if (c == '>') {
            out += "\\u003e";
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace plimsoll::report::page
