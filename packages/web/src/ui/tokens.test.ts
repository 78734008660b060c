import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Rgb = [number, number, number]
const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8')

function readTheme(selector: RegExp): Map<string, string> {
  const tokens = new Map<string, string>()
  for (const block of css.matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    if (!selector.test((block[1] ?? '').replace(/\/\*[\s\S]*?\*\//g, '').trim())) continue
    for (const found of (block[2] ?? '').matchAll(/--([a-z0-9-]+)\s*:\s*([^;]+);/gi))
      tokens.set(found[1] ?? '', (found[2] ?? '').trim())
  }
  return tokens
}

const themes = { light: readTheme(/^:root,\s*\[data-theme=light\]$/), dark: readTheme(/^\[data-theme=dark\]$/) }

function hex(tokens: Map<string, string>, name: string): Rgb {
  const value = tokens.get(name)
  if (value === undefined || !/^#[0-9a-f]{6}$/i.test(value)) throw new Error(`token --${name} is ${value ?? 'missing'}`)
  return [1, 3, 5].map((at) => Number.parseInt(value.slice(at, at + 2), 16)) as Rgb
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)) as Rgb
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)]
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
}

const states = ['ok', 'warn', 'bad', 'run', 'person', 'idle'] as const
const series = ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8'] as const

for (const [theme, tokens] of Object.entries(themes)) {
  const ratio = (a: string, b: string) => contrast(hex(tokens, a), hex(tokens, b))

  test(`${theme}: the token file holds a theme`, () => {
    expect(tokens.size).toBeGreaterThan(60)
  })

  test.each(['surface', 'canvas', 'sunken', 'hover', 'selected'])(
    `${theme}: text is at least 4.5 : 1 on %s`,
    (ground) => {
      for (const text of ['text', 'text-2', 'text-3', 'accent']) {
        expect.soft(ratio(text, ground), `--${text} on --${ground}`).toBeGreaterThanOrEqual(4.5)
      }
    },
  )

  test.each(states)(`${theme}: %s reads as text and as a mark, on the surface and on its own soft ground`, (state) => {
    for (const ground of ['surface', `${state}-soft`]) {
      expect.soft(ratio(state, ground), `--${state} on --${ground}`).toBeGreaterThanOrEqual(4.5)
      expect.soft(ratio(`${state}-mark`, ground), `--${state}-mark on --${ground}`).toBeGreaterThanOrEqual(3)
    }
  })

  test.each(series)(`${theme}: series %s is at least 3 : 1 as a line and 4.5 : 1 as its label`, (name) => {
    expect.soft(ratio(name, 'surface')).toBeGreaterThanOrEqual(3)
    expect.soft(ratio(`${name}-text`, 'surface')).toBeGreaterThanOrEqual(4.5)
  })

  test(`${theme}: borders of controls and the focus ring are at least 3 : 1`, () => {
    for (const line of ['line-control', 'focus', 'base'])
      expect.soft(ratio(line, 'surface'), line).toBeGreaterThanOrEqual(3)
  })

  test(`${theme}: the primary button, additions and removals are readable`, () => {
    expect.soft(ratio('on-ink', 'ink')).toBeGreaterThanOrEqual(4.5)
    expect.soft(ratio('add', 'add-soft')).toBeGreaterThanOrEqual(4.5)
    expect.soft(ratio('del', 'del-soft')).toBeGreaterThanOrEqual(4.5)
    expect.soft(ratio('text', 'add-soft')).toBeGreaterThanOrEqual(4.5)
    expect.soft(ratio('text', 'del-soft')).toBeGreaterThanOrEqual(4.5)
  })
}

test('both themes define the same tokens', () => {
  expect([...themes.dark.keys()].toSorted()).toEqual([...themes.light.keys()].toSorted())
})
