import {
  eraseAccount,
  eraseSubject,
  exportAccount,
  exportSubject,
  listAllErasures,
  listErasures,
  type SubjectFinding,
  type SubjectReport,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useClient } from '../../data/data-context.tsx'
import { usePermission } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmLoss } from '../../ui/confirm-loss.tsx'
import { TextField } from '../../ui/field.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import type { PersonPlace } from './find-person.tsx'
import { FindingsTable, isRemovable, LearnedModels, MadeFiles } from './findings-table.tsx'

interface FoundPersonProps {
  readonly project: string
  readonly subject: string
  /** What else he is called in texts. */
  readonly names: string[]
  readonly place: PersonPlace
  readonly report: SubjectReport
  readonly onErased: () => void
}

/** What there is of one person, and what can be done about it. */
export function FoundPerson({ project, subject, names, place, report, onErased }: FoundPersonProps) {
  const mayErase = usePermission(project, 'subject:erase')
  const mayRead = usePermission(project, 'data:read-personal')
  const [reason, setReason] = useState('')
  const [asking, setAsking] = useState(false)
  const client = useClient()
  const [failure, setFailure] = useState<string>()
  const done = () => {
    setAsking(false)
    setReason('')
    onErased()
  }
  const invalidates = [listErasures, listAllErasures]
  const inProject = useContractMutation(eraseSubject, { invalidates, onDone: done })
  const ofInstance = useContractMutation(eraseAccount, { invalidates, onDone: done })
  const erasing = place === 'account' ? ofInstance : inProject
  const erase = () => {
    const body = { subject, confirm: subject, reason: reason.trim() }
    if (place === 'account') ofInstance.mutate({ body })
    else inProject.mutate({ params: { project }, body: { ...body, names } })
  }
  const save = async () => {
    setFailure(undefined)
    try {
      const answer =
        place === 'account'
          ? await client.raw(exportAccount, { body: { subject } })
          : await client.raw(exportSubject, { params: { project }, body: { subject, names } })
      download(await answer.blob(), `${project}-person.jsonl`)
    } catch (error) {
      setFailure((error as Error).message)
    }
  }
  const sum = (of: readonly SubjectFinding[], what: 'count' | 'plain') => of.reduce((all, one) => all + one[what], 0)
  const texts = report.found.filter(({ kind }) => kind === 'texts')
  const total = sum(report.found, 'count') - sum(texts, 'count')
  const plain = sum(
    report.found.filter((one) => !isRemovable(one)),
    'plain',
  )
  return (
    <div className="mt-12" aria-live="polite">
      <p>
        {total === 0
          ? place === 'account'
            ? 'No user of this instance is called so.'
            : 'No row of this project is about this person.'
          : `${formatPlural(total, 'record')} about this person.`}{' '}
        {texts.length > 0 &&
          `${formatPlural(sum(texts, 'count'), 'text')} that ${sum(texts, 'count') === 1 ? 'names' : 'name'} the person. `}
        {report.erasedAt !== null && (
          <State kind="idle">
            erased <Time at={report.erasedAt} />: what was encrypted reads redacted
          </State>
        )}
      </p>
      {report.found.length > 0 && <FindingsTable found={report.found} />}
      {plain > 0 && place === 'project' && (
        <p className="t2 mt-8">
          {formatPlural(plain, 'record is', 'records are')} not encrypted, from before the columns were declared
          personal: an erasure does not reach them where they lie in versions that never change.
        </p>
      )}
      {report.models.length > 0 && (
        <div className="mt-12">
          <p className="t2">
            These may have learned from the rows. An erasure does not change them; train them anew if that matters.
          </p>
          <LearnedModels models={report.models} />
          {report.moreModels && <p className="t3">and more</p>}
        </div>
      )}
      {report.artifacts.length > 0 && (
        <div className="mt-12">
          <p className="t2">
            These runs hold files that were made from the rows. Nobody can look into what code wrote: delete them, or
            make them anew after the erasure.
          </p>
          <MadeFiles runs={report.artifacts} />
        </div>
      )}
      {(total > 0 || place === 'project') && (
        <div className="stack gap-12 mt-12" style={{ maxWidth: 420 }}>
          <TextField
            label="Reason for erasing"
            help="Such as the number of the request. It is kept: do not name the person."
            value={reason}
            maxLength={1000}
            autoComplete="off"
            onChange={(event) => setReason(event.target.value)}
          />
          <div className="row tight">
            {report.found.length > 0 && (
              <Button
                onClick={() => void save()}
                denied={mayRead === false ? 'It needs data:read-personal.' : undefined}
              >
                Export the records
              </Button>
            )}
            <Button
              look="danger"
              onClick={() => setAsking(true)}
              denied={
                mayErase === false && place === 'project'
                  ? 'It needs subject:erase. An administrator of the project can give it.'
                  : reason.trim().length < 5
                    ? 'Give a reason first.'
                    : undefined
              }
            >
              Erase the person
            </Button>
          </div>
          {failure !== undefined && (
            <p className="field-error" role="alert">
              {failure}
            </p>
          )}
        </div>
      )}
      <ConfirmLoss
        key={String(asking)}
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Erase ${formatPlural(total, 'record')} of ${subject} for ever?`}
        action={`Erase ${formatPlural(total, 'record')}`}
        typeName={subject}
        pending={erasing.isPending}
        error={erasing.error?.detail}
        onConfirm={erase}
      >
        {place === 'account'
          ? 'Name, mail address, sessions, tokens and addresses are overwritten and the account is disabled. Events and decisions keep its id.'
          : 'The key of this person is destroyed: personal values read redacted everywhere, also in backups, and rows that come later are stored as erased. Traces of the person are removed, and names in texts read [redacted]. Digests, versions and models stay as they are. Nobody can undo it.'}
      </ConfirmLoss>
    </div>
  )
}

function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
