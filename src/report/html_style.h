#pragma once

#include <string_view>

namespace plimsoll::report {

/// The page's one style sheet. Severity is always a word or letter too, so colour may be missing.
inline constexpr std::string_view kHtmlStyle = R"css(
:root{color-scheme:light dark;--paper:#faf9f6;--card:#fff;--ink:#1b2430;--soft:#566070;--line:#dedbd3;--navy:#17375e;
--water:#2f6f9f;--hull:#e9e5dc;--critical:#9b1631;--high:#b8480f;--medium:#8a6100;--low:#2c6693;--info:#5d6774;--good:#2b6b45;
--on:#fff;--code:#f3f1ec}
@media(prefers-color-scheme:dark){:root{--paper:#12171e;--card:#1a212b;--ink:#e7e9ec;--soft:#a3adba;--line:#2f3946;--navy:#a9c8ea;
--water:#3f86bb;--hull:#26303c;--critical:#ff8296;--high:#ff9f68;--medium:#e8bd5a;--low:#7fbbe6;--info:#a7b1bd;--good:#7fcf9d;
--on:#12171e;--code:#131921}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
overflow-wrap:anywhere}
main,header,footer{max-width:68rem;margin:0 auto;padding:0 1.5rem}
h1,h2{font-family:ui-serif,Georgia,"Noto Serif","Times New Roman",serif;font-weight:600;line-height:1.2;color:var(--navy)}
h1{font-size:2.1rem;margin:.1rem 0 .4rem}
h2{font-size:1.4rem;margin:3rem 0 1rem;padding-bottom:.4rem;border-bottom:1px solid var(--line)}
h3{font-size:1.05rem;margin:0;line-height:1.4}
p{margin:.35rem 0}
a{color:inherit}
a:focus-visible,summary:focus-visible{outline:3px solid var(--water);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem}
.soft{color:var(--soft)}.small{font-size:.875rem}
.eyebrow{margin:0;color:var(--soft);font-size:.8rem;letter-spacing:.09em;text-transform:uppercase}
.top{display:grid;grid-template-columns:15rem 1fr;gap:2.25rem;align-items:center;padding-top:2.5rem}
.mark{display:block;width:100%;height:auto}
.hull{fill:var(--hull)}.load{stroke:var(--ink)}.water{fill:var(--water);fill-opacity:.55}
.score{font:600 2.9rem/1 ui-serif,Georgia,"Noto Serif",serif;color:var(--navy)}.score small{font-size:1.1rem;color:var(--soft);font-weight:400}
.verdict{font-size:1.1rem;margin:.5rem 0 0}
.tiles{display:grid;grid-template-columns:repeat(5,1fr);gap:.75rem;margin:2rem 0 .9rem;padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--line);border-top:4px solid var(--c);border-radius:6px;padding:.7rem .9rem}
.tiles b{display:block;font-size:1.7rem;line-height:1.15;font-variant-numeric:tabular-nums}.tiles .zero b{font-weight:400}.tiles .zero{opacity:1}
.critical{--c:var(--critical)}.high{--c:var(--high)}.medium{--c:var(--medium)}.low{--c:var(--low)}.info{--c:var(--info)}.none{--c:var(--good)}
.s-critical{fill:var(--critical)}.s-high{fill:var(--high)}.s-medium{fill:var(--medium)}.s-low{fill:var(--low)}.s-info{fill:var(--info)}
.chip{display:inline-block;background:var(--c);color:var(--on);border-radius:4px;padding:.08rem .5rem;font-size:.75rem;font-weight:600;
letter-spacing:.03em;line-height:1.5;white-space:nowrap;vertical-align:.08em}
.chip.plain{background:none;color:var(--c);border:1px solid var(--c)}
.wide{overflow-x:auto}
caption{text-align:left;padding:0 .6rem .3rem;caption-side:top}
.zero{color:var(--soft);opacity:.75}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;padding:.45rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft);font-size:.82rem}
tbody th{color:var(--ink);font-size:inherit}
table{overflow-wrap:break-word}td{max-width:26rem}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.bar{display:block;width:100%;min-width:8rem;height:.85rem;margin-top:.35rem}
.heats{display:grid;grid-template-columns:max-content 1fr;gap:.5rem 1.1rem;margin:.8rem 0 1rem;align-items:start}
.heats>p{margin:0;font-size:.92rem;font-weight:600}
.heat{display:flex;flex-wrap:wrap;gap:3px;margin:0;padding:0;list-style:none}
.heat a,.heat span{display:block;width:1.5rem;height:1.5rem;border-radius:3px;background:var(--c);color:var(--on);font-size:.72rem;font-weight:600;
line-height:1.5rem;text-align:center;text-decoration:none}
.heat .none{background:none;color:var(--good);border:1px solid var(--line);line-height:1.4rem}
.heat .unknown{background:none;color:var(--soft);border:1px dashed var(--soft);line-height:1.4rem}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;margin:.5rem 0 0;font-size:.85rem;color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:1.1rem 1.25rem;margin:0 0 1rem}
.path{border-left:5px solid var(--c)}
.steps{display:flex;flex-wrap:wrap;gap:.75rem 2.1rem;margin:1rem 0;padding:0;list-style:none;counter-reset:step}
.steps li{position:relative;flex:1 1 11rem;min-width:0;border:1px solid var(--line);border-radius:6px;padding:.7rem .85rem;background:var(--paper);font-size:.92rem}
.steps li:not(:last-child)::after{content:"→";position:absolute;right:-1.72rem;top:50%;transform:translateY(-50%);font-size:1.25rem;color:var(--soft)}
.steps .end{border:2px solid var(--c);font-weight:600}
.steps .tag{display:block;color:var(--soft);font-size:.75rem;font-weight:400;letter-spacing:.05em;text-transform:uppercase}
pre{margin:.5rem 0 0;padding:.6rem .8rem;background:var(--code);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;
font:.84rem/1.5 ui-monospace,"SFMono-Regular",Menlo,Consolas,"DejaVu Sans Mono",monospace}
.do{margin:.6rem 0 0;font-size:.85rem;font-weight:600}
ol.risks{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,28rem),1fr));gap:1rem}
ol.risks .card{margin:0;border-top:4px solid var(--c)}
.gap{margin-top:2rem}
details.object{background:var(--card);border:1px solid var(--line);border-radius:8px;margin:0 0 .6rem}
details.object>summary{padding:.7rem 1rem;cursor:pointer}
details.object[open]>summary{border-bottom:1px solid var(--line)}
details.object>.in{padding:.2rem 1rem .8rem}
summary b{font-weight:600}
.finding{padding:.85rem 0;border-bottom:1px solid var(--line)}.finding:last-child{border-bottom:0}
.finding ul{margin:.4rem 0;padding-left:1.2rem}
.finding details{margin-top:.5rem;font-size:.85rem}
footer{margin:3.5rem auto 2rem;padding-top:1rem;color:var(--soft);font-size:.85rem}
@media(max-width:44rem){main,header,footer{padding-left:1rem;padding-right:1rem}.top{grid-template-columns:1fr;gap:1.2rem;padding-top:1.3rem}
.mark{max-width:13rem}.tiles{grid-template-columns:repeat(auto-fit,minmax(5.4rem,1fr));gap:.5rem}.tiles li{padding:.5rem .65rem}h1{font-size:1.7rem}
.steps{flex-direction:column;gap:1.9rem}.steps li{flex:none}.steps li:not(:last-child)::after{content:"↓";right:auto;left:50%;top:auto;bottom:-1.85rem;
transform:translateX(-50%)}th,td{padding:.4rem .25rem}thead th{font-size:.72rem}.b{display:none}.wide table{font-size:.85rem}.wide th,.wide td{padding:.4rem .15rem}thead th{font-size:.68rem}}
@media print{:root{--paper:#fff;--card:#fff;--code:#fff}body{font-size:10.5pt}h2{break-after:avoid}.card,.finding{break-inside:avoid}
.chip,.heat a,.s-critical,.s-high,.s-medium,.s-low,.s-info,.water{-webkit-print-color-adjust:exact;print-color-adjust:exact}
details::details-content{content-visibility:visible;block-size:auto}.skip{display:none}}
)css";

}  // namespace plimsoll::report
