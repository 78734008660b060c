/** An alias of a version (champion, challenger) or a tag: the only boxed words. */
export function Alias({ name }: { readonly name: string }) {
  return <span className="al">{name}</span>
}
