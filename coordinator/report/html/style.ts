// How the report looks: one style sheet for screens light and dark, narrow and wide, and for paper.
import { Markup } from './markup.js';

export const STYLE = new Markup(`
:root{color-scheme:light dark;--bg:#fff;--fg:#1b2026;--soft:#57606a;--line:#d5dae0;--panel:#f5f7f9;--link:#0b57b0;
--critical:#a3123a;--high:#c2410c;--medium:#8a6100;--low:#3b6ea5;--pass:#1d7a46;--error:#7b2fa0;--unknown:#6b7280;--waived:#4b7f86;--none:#c3c9d0}
@media(prefers-color-scheme:dark){:root{--bg:#14181c;--fg:#e6eaee;--soft:#a3adb8;--line:#323a43;--panel:#1d2329;--link:#7db4f5;
--critical:#ff7a98;--high:#ff9d6b;--medium:#e5bb4b;--low:#86b7ea;--pass:#6cc792;--error:#cf9af0;--unknown:#a3abb6;--waived:#84c2ca;--none:#4a535d}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
header,main,footer{max-width:76rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.25rem 0 .75rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:0;overflow-wrap:anywhere}
main>h2:first-child{margin-top:0}
header{padding-bottom:0}
p{margin:.5rem 0}
.soft,footer{color:var(--soft);font-size:.9rem}
a{color:var(--link)}
a:focus-visible,summary:focus-visible,.wide:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;background:var(--bg);padding:.25rem .5rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(6.7rem,1fr));gap:.75rem;margin:1rem 0;padding:0;list-style:none}
.cards li{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .7rem;font-size:.9rem}
.cards b{display:block;font-size:1.4rem;line-height:1.3;font-variant-numeric:tabular-nums}
.bar{display:block;width:100%;height:1.5rem;border-radius:.25rem}
.scorebar{display:inline-block;width:6rem;height:.5rem;vertical-align:middle;margin-left:.5rem}
.trend{display:block;width:100%;height:auto;max-height:8rem}
.trend polyline{fill:none;stroke:var(--link);stroke-width:2;vector-effect:non-scaling-stroke}
.trend circle{fill:var(--link)}
.grid{stroke:var(--line)}
.track{fill:var(--line)}
.c-critical{fill:var(--critical)}.c-high{fill:var(--high)}.c-medium{fill:var(--medium)}.c-low{fill:var(--low)}.c-pass{fill:var(--pass)}
.c-error{fill:var(--error)}.c-unknown{fill:var(--unknown)}.c-waived{fill:var(--waived)}.c-none{fill:var(--none)}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;margin:.5rem 0;list-style:none;font-size:.9rem}
.legend svg{width:.75rem;height:.75rem;margin-right:.35rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{text-align:left;color:var(--soft);padding:.25rem 0}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
thead th{white-space:nowrap}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.score{white-space:nowrap}
article{border:1px solid var(--line);border-left:.35rem solid var(--none);border-radius:.4rem;padding:.7rem .9rem;margin:.75rem 0}
article.critical{border-left-color:var(--critical)}article.high{border-left-color:var(--high)}
article.medium{border-left-color:var(--medium)}article.low{border-left-color:var(--low)}
.grade{font-weight:600}
.grade.critical{color:var(--critical)}.grade.high{color:var(--high)}.grade.medium{color:var(--medium)}.grade.low{color:var(--low)}
.new{background:var(--critical);color:var(--bg);border-radius:.25rem;padding:0 .35rem;font-size:.8rem;font-weight:600}
.group{border-top:1px dashed var(--line);margin-top:.6rem;padding-top:.5rem}
.names{font-weight:600;overflow-wrap:anywhere}
ul.evidence{margin:.25rem 0;padding-left:1.2rem;overflow-wrap:anywhere}
code,pre{font:.88em/1.45 ui-monospace,monospace;overflow-wrap:anywhere;white-space:pre-wrap}
pre{background:var(--panel);border:1px solid var(--line);border-radius:.3rem;padding:.5rem .7rem;margin:.4rem 0}
summary{cursor:pointer;color:var(--link)}
@media(max-width:32rem){.trend{height:5rem}.trend circle{display:none}th,td{padding:.3rem .35rem}.scorebar{width:3rem}}
@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--soft:#333;--line:#999;--panel:#fff;--link:#000;
--critical:#a3123a;--high:#c2410c;--medium:#8a6100;--low:#3b6ea5;--pass:#1d7a46;--error:#7b2fa0;--unknown:#6b7280;--waived:#4b7f86;--none:#c3c9d0}
body{font-size:10pt}header,main,footer{max-width:none;padding:0}.skip,nav{display:none}article,.group,tr,.cards li{break-inside:avoid}
h2,h3{break-after:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.wide{overflow:visible}
details::details-content{content-visibility:visible;display:block;block-size:auto}}
`);
