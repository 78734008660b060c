/** What a capability holds about one person (data subject): found, exported and erased on request. Each capability that stores personal data registers one. */
export interface SubjectData {
  readonly capability: string
  find(project: string, subject: string): Promise<{ kind: string; count: number }[]>
  export(project: string, subject: string): AsyncIterable<Record<string, unknown>>
  erase(project: string, subject: string): Promise<{ kind: string; count: number }[]>
}

/** Tells people outside the program: mail, chat, webhook. The inbox and alerts call it; without a driver they only show on pages. */
export interface Notifier {
  notify(message: { project: string; title: string; body: string; url: string; to: readonly string[] }): Promise<void>
}
