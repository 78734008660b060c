import { expect, test } from 'vitest'
import { parsePanel } from './report-panel.ts'

test('a panel is read line by line; filters keep their colons', () => {
  const text = `kind: scatter
# a remark
experiment: arrival-delay
filter: tags.at = '10:30' and metrics.auc > 0.6
x: params.depth
y: metrics.auc`
  expect(parsePanel(text)).toMatchObject({
    panel: { kind: 'scatter', filter: "tags.at = '10:30' and metrics.auc > 0.6", x: 'params.depth', limit: 500 },
  })
  expect(parsePanel('kind: curves\nmetrics: metrics.loss, val/loss')).toMatchObject({
    panel: { metrics: ['loss', 'val/loss'] },
  })
})

test.each([
  ['nonsense', 'no line of a panel'],
  ['kind: pie', 'kind says what the panel shows'],
  ['kind: table\ncolour: red', 'no "colour"'],
  ['kind: table\nkind: table', 'said twice'],
  ['kind: table\nlimit: 100000', '1 to 100'],
  ['kind: curves', 'Curves need metrics'],
  ['kind: scatter\nx: params.a', 'A scatter needs'],
  ['kind: number\nstatistic: mean', 'needs one metric'],
  ['kind: importance\nmetrics: auc', 'needs an experiment'],
])('a panel %j says what is wrong with it', (text, words) => {
  expect(parsePanel(text)).toMatchObject({ error: expect.stringContaining(words) })
})
