import type { PanelData } from '@trivium/contract'
import { escapeHtml } from './export-page.ts'
import { markdownHtml } from './markdown-html.ts'
import { colorOf, domainOf, numberText, plot, scale, size } from './svg-plot.ts'

type Of<K extends PanelData['kind']> = Extract<PanelData, { kind: K }>

/** A panel as it stood when it was read: tables as tables, charts as drawings with their numbers beneath. */
export function panelHtml(title: string, data: PanelData): string {
  const figure = (body: string, note: string): string =>
    `<figure><figcaption><b>${escapeHtml(title || usualTitle(data))}</b> ${escapeHtml(note)}</figcaption>${body}</figure>`
  switch (data.kind) {
    case 'table':
      return figure(runTable(data.columns, data.rows), shownOf(data.rows.length, data.total))
    case 'curves':
      return data.charts
        .map((chart) => figure(curves(chart), `${chart.metric} by step, ${shownOf(chart.series.length, data.total)}`))
        .join('')
    case 'scatter':
      return figure(scatter(data), `${data.y} against ${data.x}, ${shownOf(data.points.length, data.total)}`)
    case 'parallel':
      return figure(parallel(data), shownOf(data.lines.length, data.total))
    case 'importance':
      return figure(importance(data), `of ${data.metric} over ${data.runs} runs, with 95 % interval`)
    case 'number':
      return figure(numberBody(data), data.low === null ? `n = ${data.n}` : `95 % interval, n = ${data.n}`)
    case 'notes':
      return data.notes
        .map(
          (note) =>
            `<blockquote>${markdownHtml(note.text, () => undefined)}<p class="note">${escapeHtml(`${note.name}, confirmed by ${note.byName}, ${dayOf(note.at)}`)}</p></blockquote>`,
        )
        .join('')
    case 'baselines':
      return figure(judgements(data), `${shownOf(data.runs.length, data.total)}, differences with 95 % interval`)
  }
}

const shownOf = (shown: number, total: number): string =>
  shown < total ? `${shown} of ${total} runs` : `${shown} runs`
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
const keyOf = (id: string): string => id.replace(/^(metrics|params|tags)\./, '')
const usualTitle = (data: PanelData): string =>
  ({
    table: 'Runs',
    curves: 'Curves',
    scatter: 'Scatter',
    parallel: 'Parallel coordinates',
    importance: 'Importance',
    number: data.kind === 'number' ? data.label : '',
    notes: 'Notes',
    baselines: 'Against published baselines',
  })[data.kind]

function table(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cell = (value: string | number | null): string =>
    typeof value === 'number' ? `<td class="r">${numberText(value)}</td>` : `<td>${escapeHtml(value ?? '–')}</td>`
  return `<table><thead><tr>${head.map((one) => `<th>${escapeHtml(one)}</th>`).join('')}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('')}</tbody></table>`
}

const judgements = ({ baselines, runs, judgements: judged }: Of<'baselines'>): string =>
  table(
    ['run', 'baseline', 'metric', 'own mean', 'runs', 'published', 'difference', 'low', 'high', 'p', 'verdict'],
    judged.map((one) => {
      const baseline = baselines.find(({ id }) => id === one.baseline)
      return [
        runs.find(({ id }) => id === one.run)?.name ?? one.run,
        baseline?.name ?? one.baseline,
        baseline?.metric ?? null,
        one.mean,
        one.n,
        baseline?.value ?? null,
        one.difference?.value ?? null,
        one.difference?.low ?? null,
        one.difference?.high ?? null,
        one.difference?.p ?? null,
        `${one.verdict}: ${one.reason}`,
      ]
    }),
  )

const runTable = (columns: readonly string[], rows: Of<'table'>['rows']): string =>
  table(
    ['run', ...columns.map(keyOf)],
    rows.map((row) => [row.name, ...row.values]),
  )

const details = (body: string): string => `<details><summary class="note">The numbers</summary>${body}</details>`

function curves({ metric, series }: Of<'curves'>['charts'][number]): string {
  const all = series.flatMap((one) => one.points)
  const x = all.length === 0 ? ([0, 1] as [number, number]) : flat(all.map(({ step }) => step))
  const y = domainOf(all.map(({ value }) => value))
  const [toX, toY] = scales(x, y)
  const marks = series
    .map((one, at) => {
      let pen = 'M'
      const path = one.points
        .map(({ step, value }) => {
          if (value === null) {
            pen = 'M'
            return ''
          }
          const point = `${pen}${toX(step)} ${toY(value)}`
          pen = 'L'
          return point
        })
        .join('')
      return `<path d="${path}" fill="none" stroke="${colorOf(at)}" stroke-width="1.6"/>`
    })
    .join('')
  const last = series.map((one, at) => {
    const end = one.points.findLast(({ value }) => value !== null)
    return `<tr><td><svg width="9" height="9"><rect width="9" height="9" fill="${colorOf(at)}"/></svg> ${escapeHtml(one.name)}</td><td class="r">${end === undefined || end.value === null ? '–' : numberText(end.value)}</td><td class="r">${end?.step ?? '–'}</td></tr>`
  })
  const legend = `<table><thead><tr><th>run</th><th>last ${escapeHtml(metric)}</th><th>step</th></tr></thead><tbody>${last.join('')}</tbody></table>`
  return plot({ label: `${metric} by step of ${series.length} runs`, x, y, marks }) + legend
}

function scatter({ x, y, points }: Of<'scatter'>): string {
  const numeric = points.every((point) => point.x !== '' && Number.isFinite(Number(point.x)))
  const words = numeric ? undefined : [...new Set(points.map((point) => String(point.x)))].toSorted()
  const at = (value: string | number): number => (words ? words.indexOf(String(value)) : Number(value))
  const domain: [number, number] = words ? [-0.5, words.length - 0.5] : domainOf(points.map((point) => at(point.x)))
  const upright = domainOf(points.map((point) => point.y))
  const [toX, toY] = scales(domain, upright)
  const marks = points
    .map(
      (point) =>
        `<circle cx="${toX(at(point.x))}" cy="${toY(point.y)}" r="3.4" fill="#3b434a" fill-opacity=".55"><title>${escapeHtml(point.name)}</title></circle>`,
    )
    .join('')
  return (
    plot({
      label: `${y} against ${x} of ${points.length} runs`,
      x: domain,
      y: upright,
      marks,
      ...(words ? { words } : {}),
    }) +
    details(
      table(
        ['run', keyOf(x), keyOf(y)],
        points.map((point) => [point.name, point.x, point.y]),
      ),
    )
  )
}

function parallel({ axes, lines }: Of<'parallel'>): string {
  const { width, height, left, right, top, bottom } = size
  const across = scale([0, Math.max(1, axes.length - 1)], [left, width - right - 60])
  const scalesOf = axes.map((_, index) => {
    const values = lines.map((line) => line.values[index] ?? null)
    const there = values.filter((value) => value !== null && value !== '')
    const numeric = there.length > 0 && there.every((value) => Number.isFinite(Number(value)))
    const words = numeric ? [] : [...new Set(there.map(String))].toSorted()
    const domain = numeric ? domainOf(there.map(Number)) : ([-0.5, words.length - 0.5] as [number, number])
    const up = scale(domain, [height - bottom, top + 14])
    return {
      ends: numeric
        ? domain.map((one) => [up(one), numberText(Number(one.toPrecision(3)))] as const)
        : words.slice(0, 12).map((word, at) => [up(at), word] as const),
      at: (value: string | number | null): number | undefined =>
        value === null || value === '' ? undefined : up(numeric ? Number(value) : words.indexOf(String(value))),
    }
  })
  const marks = lines
    .map((line) => {
      let pen = 'M'
      const path = line.values
        .map((value, index) => {
          const y = scalesOf[index]?.at(value)
          if (y === undefined) {
            pen = 'M'
            return ''
          }
          const point = `${pen}${across(index)} ${y}`
          pen = 'L'
          return point
        })
        .join('')
      return `<path d="${path}" fill="none" stroke="#275791" stroke-opacity=".5"><title>${escapeHtml(line.name)}</title></path>`
    })
    .join('')
  const frame = axes
    .map(
      (axis, index) =>
        `<path d="M${across(index)} ${top + 14}V${height - bottom}" stroke="#89929a"/><text x="${across(index)}" y="${top}" text-anchor="middle">${escapeHtml(keyOf(axis).slice(0, 22))}</text>${(scalesOf[index]?.ends ?? []).map(([y, text]) => `<text x="${across(index) + 5}" y="${y + 3.5}">${escapeHtml(text.slice(0, 14))}</text>`).join('')}`,
    )
    .join('')
  return (
    `<svg role="img" aria-label="${lines.length} runs over ${escapeHtml(axes.map(keyOf).join(', '))}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${marks}${frame}</svg>` +
    details(runTable(axes, lines))
  )
}

function importance({ explained, reason, factors }: Of<'importance'>): string {
  if (explained === null) return `<p>${escapeHtml(reason ?? 'Cannot judge yet.')}</p>`
  const { width } = size
  const toX = scale(domainOf([0, ...factors.flatMap((one) => [one.low, one.high])]), [180, width - 12])
  const bars = factors
    .map((one, at) => {
      const y = 14 + at * 22
      return `<text x="172" y="${y + 4}" text-anchor="end">${escapeHtml(one.name.slice(0, 28))}</text><path d="M${toX(one.low)} ${y}H${toX(one.high)}" stroke="#314cb4" stroke-width="1.4"/><circle cx="${toX(one.importance)}" cy="${y}" r="3.2" fill="#314cb4"/>`
    })
    .join('')
  const height = 24 + factors.length * 22
  const rows = factors.map((one) => [one.name, one.importance, `${numberText(one.low)} to ${numberText(one.high)}`])
  return `<svg role="img" aria-label="Importance of ${factors.length} factors" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"><path d="M${toX(0)} 4V${height - 8}" stroke="#c6cbce"/>${bars}</svg>${table(['differs in', 'importance', '95 % interval'], rows)}`
}

function numberBody({ value, low, high, run }: Of<'number'>): string {
  if (value === null) return '<p>No run has it.</p>'
  const interval =
    low === null || high === null ? '' : ` <span class="note">${numberText(low)} to ${numberText(high)}</span>`
  return `<p><span class="number">${numberText(value)}</span>${interval}${run ? ` <span class="note">${escapeHtml(run.name)}</span>` : ''}</p>`
}

const scales = (x: readonly [number, number], y: readonly [number, number]) =>
  [scale(x, [size.left, size.width - size.right]), scale(y, [size.height - size.bottom, size.top])] as const

/** The ends without room: steps begin where they begin. */
function flat(values: readonly number[]): [number, number] {
  let [low, high] = [values[0] ?? 0, values[0] ?? 1]
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return low === high ? [low - 1, high + 1] : [low, high]
}
