import { resolve, sep } from 'node:path'
import { FailedError } from './fail.ts'

/** Where a file goes in a folder by a path that somebody else named, such as a server; throws for one that leads out of the folder. */
export function placeInFolder(folder: string, path: string): string {
  const target = resolve(folder, ...path.split('/'))
  if (/[\\\p{Cc}]/u.test(path) || !target.startsWith(resolve(folder) + sep))
    throw new FailedError(
      `"${path.slice(0, 200)}" is the name of a file that leads out of ${folder}. Nothing of it was written.`,
    )
  return target
}
