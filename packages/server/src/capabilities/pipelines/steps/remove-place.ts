import { chmod, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Removes the directory of an attempt, also where the step made folders that nobody may open. */
export async function removePlace(place: string): Promise<void> {
  try {
    await rm(place, { recursive: true, force: true })
  } catch {
    await openFolders(place)
    await rm(place, { recursive: true, force: true })
  }
}

async function openFolders(directory: string): Promise<void> {
  await chmod(directory, 0o700)
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await openFolders(join(directory, entry.name))
}
