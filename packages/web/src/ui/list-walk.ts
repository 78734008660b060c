const storageKey = 'trivium.walk'

/** Remembers the rows of a list in the order on screen, so that `[` and `]` can walk them on the detail pages. */
export function rememberList(hrefs: readonly string[]): void {
  try {
    sessionStorage.setItem(storageKey, JSON.stringify(hrefs.slice(0, 2000)))
  } catch {
    // storage is forbidden or full: the keys do nothing
  }
}

/** The neighbour of a page in the list that the reader came from. */
export function neighbour(href: string, step: 1 | -1): string | undefined {
  try {
    const list = JSON.parse(sessionStorage.getItem(storageKey) ?? '[]') as string[]
    const at = list.findIndex((one) => pathOf(one) === pathOf(href))
    return at < 0 ? undefined : list[at + step]
  } catch {
    return undefined
  }
}

function pathOf(href: string): string {
  return href.split(/[?#]/)[0] ?? href
}
