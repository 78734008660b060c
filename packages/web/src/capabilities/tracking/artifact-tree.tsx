import {
  type ArtifactEntry,
  downloadLoggedModelArtifact,
  downloadRunArtifact,
  listLoggedModelArtifacts,
  listRunArtifacts,
} from '@trivium/contract'
import { useState } from 'react'
import './files.css'
import { useContractQuery } from '../../data/contract-query.ts'
import { useClient } from '../../data/data-context.tsx'
import { QueryView } from '../../data/query-view.tsx'
import { IconFile, IconFolder } from '../../ui/icons.ts'
import { formatBytes } from '../../ui/format-number.ts'
import { Hash } from '../../ui/hash.tsx'

interface ArtifactTreeProps {
  readonly project: string
  readonly of: { readonly run: string } | { readonly loggedModel: string }
  readonly path?: string
}

/** Files of a run or a logged model; a directory is read when it is opened, a file is downloaded. */
export function ArtifactTree({ project, of, path = '' }: ArtifactTreeProps) {
  const isRun = 'run' in of
  const run = useContractQuery(
    listRunArtifacts,
    { params: { project, run: isRun ? of.run : '' }, query: { path } },
    { enabled: isRun },
  )
  const model = useContractQuery(
    listLoggedModelArtifacts,
    { params: { project, loggedModel: isRun ? '' : of.loggedModel }, query: { path } },
    { enabled: !isRun },
  )
  return (
    <QueryView query={isRun ? run : model} what="the files" rows={3} permission="run:read">
      {({ entries }) =>
        entries.length === 0 ? (
          <p className="t2">{path === '' ? 'It left no file.' : 'Empty.'}</p>
        ) : (
          <ul className="files" aria-label={path === '' ? 'Files' : `Files in ${path}`}>
            {entries.map((entry) => (
              <li key={entry.path}>
                {entry.isDirectory ? (
                  <Directory project={project} of={of} entry={entry} />
                ) : (
                  <File project={project} of={of} entry={entry} />
                )}
              </li>
            ))}
          </ul>
        )
      }
    </QueryView>
  )
}

interface EntryProps extends Omit<ArtifactTreeProps, 'path'> {
  readonly entry: ArtifactEntry
}

const nameOf = ({ path }: ArtifactEntry) => path.split('/').at(-1) ?? path

function Directory({ project, of, entry }: EntryProps) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="link row" aria-expanded={open} onClick={() => setOpen(!open)}>
        <IconFolder className="ic s t3" aria-hidden />
        <span className="mono">{nameOf(entry)}/</span>
        <span className="t3 sm">{formatBytes(entry.size)}</span>
      </button>
      {open && (
        <div style={{ paddingLeft: 20 }}>
          <ArtifactTree project={project} of={of} path={entry.path} />
        </div>
      )}
    </>
  )
}

function File({ project, of, entry }: EntryProps) {
  const client = useClient()
  const query = { path: entry.path }
  const href =
    'run' in of
      ? client.url(downloadRunArtifact, { params: { project, run: of.run }, query })
      : client.url(downloadLoggedModelArtifact, { params: { project, loggedModel: of.loggedModel }, query })
  return (
    <span className="row">
      <IconFile className="ic s t3" aria-hidden />
      <a className="link mono" href={href} download={nameOf(entry)}>
        {nameOf(entry)}
      </a>
      <span className="t3 sm">{formatBytes(entry.size)}</span>
      {entry.digest !== null && <Hash value={entry.digest} />}
    </span>
  )
}
