import { useUiEnvironment } from './environment.tsx'

interface PersonProps {
  readonly name: string
  readonly id?: string | undefined
  /** Service accounts are printed in mono. */
  readonly service?: boolean | undefined
}

/** Somebody by name; the reader is "you". */
export function Person({ name, id, service = /^(svc|demo)-/.test(name) }: PersonProps) {
  const { reader } = useUiEnvironment()
  if (reader && (reader.id === id || reader.name === name)) return <span title={name}>you</span>
  return <span className={service ? 'mono' : undefined}>{name}</span>
}
