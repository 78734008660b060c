/** A name as people read it: ids without a name of their own are shortened to what tells them apart (`rel_…0225m`, `d5b152d0`); names stay whole. */
export function shortName(name: string): string {
  const id = /^([a-z]{3})_[0-9a-z]{20,}$/.exec(name)
  if (id) return `${id[1]}_…${name.slice(-5)}`
  if (/^[0-9a-f]{32,64}$/.test(name)) return name.slice(0, 8)
  return name
}
