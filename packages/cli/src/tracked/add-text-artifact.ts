import { createHash } from 'node:crypto'
import { addRunArtifact, completeUpload, createUpload, putUploadPart } from '@trivium/contract'
import type { Client } from '@trivium/sdk'

/** Makes a text one of the files of a run. */
export async function addTextArtifact(
  { client, project, run }: { client: Client; project: string; run: string },
  path: string,
  text: string,
): Promise<void> {
  const bytes = Buffer.from(text, 'utf8')
  const digest = createHash('sha256').update(bytes).digest('hex')
  const made = await client.call(createUpload, { params: { project }, body: { digest, size: bytes.length } })
  if (made.state !== 'done') {
    const partSize = made.partSize ?? bytes.length
    const there = new Set(made.parts.map((part) => part.number))
    for (let part = 1; part <= made.partCount; part += 1) {
      if (there.has(part)) continue
      const body = bytes.subarray((part - 1) * partSize, part * partSize)
      const query = { digest: createHash('sha256').update(body).digest('hex') }
      await client.call(putUploadPart, { params: { project, upload: made.id, part }, query, body })
    }
    await client.call(completeUpload, { params: { project, upload: made.id }, body: {} })
  }
  await client.call(addRunArtifact, { params: { project, run }, body: { path, upload: made.id } })
}
