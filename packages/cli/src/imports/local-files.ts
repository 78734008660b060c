import { createReadStream } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Skip, SourceFile } from './source.ts'

const deepest = 64
const most = 200_000

/** The folder that an artifact address of a store means on this machine; undefined with a reason where there is none that may be read. */
export async function artifactFolder(
  address: string,
  { roots, artifacts }: { roots: readonly string[]; artifacts: string | undefined },
): Promise<{ folder: string } | { why: string }> {
  const proxied = /^mlflow-artifacts:\/+(?:[^/]+:\d+\/+)?(.*)$/.exec(address)?.[1]
  let folder: string
  if (proxied !== undefined) {
    if (artifacts === undefined)
      return {
        why: `they lie behind the MLflow server ("${address.slice(0, 200)}"); name its artifact folder with --artifacts`,
      }
    folder = resolve(artifacts, decoded(proxied))
  } else if (address.startsWith('file:')) {
    try {
      folder = fileURLToPath(address.replace(/^file:\/*/, 'file:///'))
    } catch {
      return { why: `"${address.slice(0, 200)}" names no folder` }
    }
  } else if (/^[a-z][a-z0-9+.-]*:/i.test(address))
    return {
      why: `they lie at "${address.slice(0, 200)}", which is not on this machine; import from the running MLflow server instead`,
    }
  else folder = resolve(roots[0] ?? '.', address)
  const found = await realpath(folder).catch(() => undefined)
  // Nothing was ever logged there.
  if (found === undefined) return { folder }
  for (const root of roots) if (isInside(found, await realpath(root).catch(() => root))) return { folder: found }
  return {
    why: `"${folder.slice(0, 200)}" lies outside of the store; name the folder that holds the artifacts with --artifacts`,
  }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const isInside = (path: string, root: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)

/** The files below a folder. Links that lead out of it are named and left; what is no file is left. */
export async function* localFiles(folder: string, of: string, skip: Skip): AsyncGenerator<SourceFile> {
  const root = await realpath(folder).catch(() => undefined)
  if (root === undefined) return
  const waiting: { path: string; depth: number }[] = [{ path: root, depth: 0 }]
  const entered = new Set([root])
  let count = 0
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const entry of (await readdir(next.path, { withFileTypes: true })).toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = join(next.path, entry.name)
      const shown = relative(root, path).split(sep).join('/')
      const real = entry.isSymbolicLink() ? await realpath(path).catch(() => undefined) : path
      if (real === undefined || !isInside(real, root)) {
        skip(`file "${shown}" of ${of}`, 'it is a link that leads out of the folder of the artifacts')
        continue
      }
      const found = await stat(real)
      if (found.isDirectory()) {
        // A link may lead back: each folder is entered once.
        if (entered.has(real)) skip(`folder "${shown}" of ${of}`, 'it is a link to a folder that is taken already')
        else if (next.depth >= deepest) skip(`folder "${shown}" of ${of}`, `it is deeper than ${deepest} levels`)
        else {
          entered.add(real)
          waiting.push({ path: real, depth: next.depth + 1 })
        }
      } else if (found.isFile()) {
        count += 1
        if (count > most) return skip(`more than ${most} files of ${of}`, 'a run has at most as many')
        yield {
          path: shown,
          size: found.size,
          local: real,
          open: async () => Readable.toWeb(createReadStream(real)) as ReadableStream<Uint8Array>,
        }
      }
    }
  }
}
