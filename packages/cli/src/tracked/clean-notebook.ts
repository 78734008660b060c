import { cutJson, type JsonCut } from './cut-json.ts'

/** What a notebook of format 4 holds, as far as anything here reads it. */
export interface NotebookDocument {
  readonly nbformat: number
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly cells: readonly NotebookCell[]
}

export interface NotebookCell {
  readonly cell_type: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly source?: string | readonly string[]
  readonly attachments?: Readonly<Record<string, unknown>>
}

/** Metadata that changes each time a notebook runs or is opened, or on another machine, and says nothing about what it does. */
const ofNotebook = new Set(['widgets', 'signature', 'papermill'])
const ofCell = new Set(['collapsed', 'scrolled', 'ExecuteTime', 'execution', 'executionInfo', 'outputId', 'papermill'])

/** Reads a notebook; throws in words where it is none of format 4. */
export function readNotebook(bytes: Uint8Array): { text: string; notebook: NotebookDocument } {
  let text: string
  let notebook: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    notebook = JSON.parse(text)
  } catch {
    throw new Error('is not JSON')
  }
  if (!isNotebook(notebook)) throw new Error('is not a notebook of format 4')
  return { text, notebook }
}

/**
 * The notebook without outputs, numbers of execution and volatile metadata; throws where it is none. All else keeps its bytes, so that one that is clean already comes back as it was.
 */
export function cleanNotebook(bytes: Uint8Array): { text: string; changed: boolean } {
  const { text } = readNotebook(bytes)
  const cleaned = cutJson(text, cutOf)
  return { text: cleaned, changed: cleaned !== text }
}

/** What becomes of a value of a notebook, by its path. */
function cutOf(path: readonly (string | number)[]): JsonCut {
  const [first, second, third, fourth] = path
  if (first === 'metadata') {
    if (path.length === 2 && ofNotebook.has(String(second))) return 'remove'
    return path.length === 3 && second === 'language_info' && third === 'version' ? 'remove' : 'keep'
  }
  if (first !== 'cells') return 'keep'
  if (path.length === 3 && third === 'outputs') return { become: '[]' }
  if (path.length === 3 && third === 'execution_count') return { become: 'null' }
  return path.length === 4 && third === 'metadata' && ofCell.has(String(fourth)) ? 'remove' : 'keep'
}

const isNotebook = (value: unknown): value is NotebookDocument => {
  if (typeof value !== 'object' || value === null) return false
  const { nbformat, cells } = value as Partial<NotebookDocument>
  return nbformat === 4 && Array.isArray(cells) && cells.every((cell) => typeof cell === 'object' && cell !== null)
}
