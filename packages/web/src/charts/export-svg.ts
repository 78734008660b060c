/** The drawing of a chart as one SVG file with its colours written out; undefined where it has no drawing. */
export function exportSvg(figure: HTMLElement): string | undefined {
  const layers = [...figure.querySelectorAll<SVGSVGElement>('svg.c')]
  const first = layers[0]
  if (!first) return undefined
  const width = Number(first.getAttribute('width'))
  const height = Number(first.getAttribute('height'))
  const style = getComputedStyle(figure)
  // a chart over time has a layer below its canvas, the lines of the canvas as text, and a layer above
  const lines = figure.querySelector<HTMLElement>('[data-lines]')?.dataset['lines'] ?? ''
  const merged =
    first.innerHTML +
    lines +
    layers
      .slice(1)
      .map((layer) => layer.innerHTML)
      .join('')
  const plain = merged.replace(
    /var\((--[a-z0-9-]+)\)/g,
    (_, name: string) => style.getPropertyValue(name).trim() || 'none',
  )
  const text = style.getPropertyValue('--text-3').trim()
  const ground = style.getPropertyValue('--surface').trim()
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="IBM Plex Sans, sans-serif" font-size="11"><style>text{fill:${text}}</style><rect width="100%" height="100%" fill="${ground}"/>${plain}</svg>`
}
