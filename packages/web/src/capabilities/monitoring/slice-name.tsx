/** A slice as tables name it: `origin ORD`, or the whole window. */
export function SliceName({ by, value }: { readonly by: string | null; readonly value: string | null }) {
  if (by === null) return <span className="m">whole window</span>
  return (
    <>
      <span className="t3">{by}</span> <span className="m">{value}</span>
    </>
  )
}
