import { createHash } from 'node:crypto'

const style = `body{font:15px/1.5 system-ui,sans-serif;color:#15191c;background:#fff;max-width:820px;margin:32px auto;padding:0 20px}
h1{font-size:24px;line-height:1.25}h2{font-size:18px}h3{font-size:15px}
p,li{overflow-wrap:anywhere}code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:#eef0f0;padding:8px 12px;overflow-x:auto}
blockquote{margin-left:0;padding-left:12px;border-left:2px solid #c6cbce;color:#474f57}
table{border-collapse:collapse;font-size:13px;margin:8px 0;display:block;overflow-x:auto}th,td{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid #e1e4e5}
th{font-weight:500;color:#5f6870}.r{text-align:right}a{color:#1d549f}figure{margin:16px 0}figcaption,.note{font-size:12px;color:#5f6870}
figcaption b{color:#15191c}.number{font-size:24px;font-weight:600}.bad{border-left:2px solid #cf2f37;padding-left:12px;color:#b01f2a}
svg{max-width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:#5f6870}`

/** Nothing is loaded, nothing runs, and only this style is read. */
export const exportPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`

/** Text as HTML shows it, in elements and in attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** A page that stands alone: its policy in a meta element, so that it holds wherever the file is opened. */
export function exportPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${escapeHtml(exportPolicy)}"><meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${style}</style></head>
<body>${body}</body></html>
`
}
