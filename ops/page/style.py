"""
How the page looks: no fonts, no pictures, no script. Each pair of colours has a contrast of 4.5 or more, light and dark.
"""

CSS = """
:root { color-scheme: light dark; --back: #fff; --raised: #f4f5f7; --text: #1b1f24; --soft: #57606a; --edge: #d0d7de;
  --ok: #1a7f37; --warning: #8a5a00; --degraded: #b3400c; --critical: #b3141e; --unknown: #7b3fb5; --plot: #2463b0;
  --on: #fff; }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --raised: #1c222b; --text: #e6eaf0; --soft: #9fabb8;
  --edge: #39424e; --ok: #4cc26b; --warning: #e0ad3d; --degraded: #ff9057; --critical: #ff7b80; --unknown: #c79bff;
  --plot: #6ea8f0; --on: #12161c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; } footer { padding-bottom: 2rem; color: var(--soft); font-size: .875rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; } p { margin: .25rem 0; } .soft { color: var(--soft); }
h1, h3, td, th, p, code, li { overflow-wrap: anywhere; }
.badge { display: inline-block; padding: .05rem .5rem; border-radius: .3rem; background: var(--unknown); color: var(--on);
  font-weight: 600; font-size: .85em; letter-spacing: .02em; }
.badge.ok { background: var(--ok); } .badge.warning { background: var(--warning); }
.badge.degraded { background: var(--degraded); } .badge.critical { background: var(--critical); }
.counts { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; margin: .75rem 0; list-style: none; }
.counts b { font-size: 1.15rem; }
article { border: 1px solid var(--edge); border-left: .3rem solid var(--unknown); border-radius: .3rem; padding: .6rem .8rem;
  margin: .6rem 0; background: var(--raised); }
article.ok { border-left-color: var(--ok); } article.warning { border-left-color: var(--warning); }
article.degraded { border-left-color: var(--degraded); } article.critical { border-left-color: var(--critical); }
code { font: .875rem/1.5 ui-monospace, monospace; }
pre { margin: .4rem 0 0; padding: .4rem .6rem; background: var(--back); border: 1px solid var(--edge); border-radius: .3rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--edge); }
td { min-width: 6.5rem; } thead th, tbody th { min-width: 6rem; }
thead th { white-space: nowrap; color: var(--soft); font-weight: 600; font-size: .875rem; } tbody th { font-weight: 600; }
svg { display: block; width: 11rem; max-width: 100%; height: 1.5rem; }
.track { fill: var(--edge); } .bar.ok { fill: var(--plot); } .bar.warning { fill: var(--warning); }
.bar.critical { fill: var(--critical); } .unknown { fill: none; stroke: var(--unknown); stroke-dasharray: 4 3; }
.line { fill: none; stroke: var(--plot); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.point { fill: var(--plot); } .axis { stroke: var(--edge); }
@media (max-width: 44rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, caption { display: block; }
  tbody tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--edge); }
  tbody th { display: block; border: 0; padding: 0 0 .15rem; }
  tbody td { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: .5rem; border: 0; padding: .1rem 0; }
  tbody td::before { content: attr(data-label); color: var(--soft); font-size: .875rem; }
}
@media print { article, tr { break-inside: avoid; } }
"""
