/** Where a command reads from and writes to: everything of the process that commands may use. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Whether somebody looks at stderr: progress is shown only then. */
  readonly interactive: boolean
  readonly out: (text: string | Uint8Array) => void
  readonly err: (text: string) => void
  /** A secret from standard input: piped in, or typed without being shown. */
  readonly secret: () => Promise<string>
  /** All of standard input, as it is. */
  readonly input: () => Promise<Uint8Array>
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
}
