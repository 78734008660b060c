import {
  commentReport,
  getReport,
  listReportComments,
  listReports,
  type ReportComment,
  resolveReportComment,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { TextArea } from '../../ui/field.tsx'
import { Markdown } from '../../ui/markdown.tsx'
import { Time } from '../../ui/time.tsx'

interface ReportCommentsProps {
  readonly project: string
  readonly report: string
  /** The passage that the next comment is about. */
  readonly about: { readonly version: number; readonly passage: number; readonly quote: string } | undefined
  readonly onAbout: (passage: number | undefined) => void
}

/** What was said of the report; resolved ones stay readable. */
export function ReportComments({ project, report, about, onAbout }: ReportCommentsProps) {
  const [text, setText] = useState('')
  const params = { project, report }
  const changed = { invalidates: [listReportComments, getReport, listReports] }
  const query = useContractQuery(listReportComments, { params })
  const say = useContractMutation(commentReport, {
    ...changed,
    onDone: () => {
      setText('')
      onAbout(undefined)
    },
  })
  const resolve = useContractMutation(resolveReportComment, changed)
  return (
    <div style={{ maxWidth: 640 }}>
      <QueryView query={query} what="the comments" shape="text" permission="report:read">
        {({ comments }) =>
          comments.length === 0 ? (
            <p className="t3">Nobody has said anything yet.</p>
          ) : (
            <ul className="stack gap-12" aria-label="Comments">
              {comments.map((comment) => (
                <li
                  key={comment.id}
                  className="report-comment"
                  data-resolved={comment.resolvedAt !== null || undefined}
                >
                  <p className="t2 sm">
                    <b>{comment.mine ? 'you' : comment.byName}</b>, <Time at={comment.at} />, of version{' '}
                    {comment.version}
                    {comment.resolvedAt !== null && `; resolved by ${comment.resolvedByName ?? ''}`}
                  </p>
                  {comment.about && <About about={comment.about} />}
                  <Markdown text={comment.text} top={4} />
                  <Button
                    look="link"
                    size="small"
                    onClick={() =>
                      resolve.mutate({
                        params: { ...params, comment: comment.id },
                        body: { resolved: comment.resolvedAt === null },
                      })
                    }
                  >
                    {nameOf(comment)}
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </QueryView>
      <form
        className="mt-16"
        onSubmit={(event) => {
          event.preventDefault()
          say.mutate({
            params,
            body: about ? { text, about: { version: about.version, passage: about.passage } } : { text },
          })
        }}
      >
        {about && (
          <div className="row" style={{ alignItems: 'start', marginBottom: 8 }}>
            <blockquote className="report-quote grow">{about.quote}</blockquote>
            <Button look="link" size="small" onClick={() => onAbout(undefined)}>
              About the whole report instead
            </Button>
          </div>
        )}
        <TextArea
          label="Say something"
          rows={3}
          value={text}
          maxLength={10_000}
          error={say.error?.detail ?? resolve.error?.detail}
          onChange={(event) => setText(event.target.value)}
        />
        <div className="mt-8">
          <Button
            type="submit"
            pending={say.isPending}
            denied={text.trim() === '' ? 'Write something first.' : undefined}
          >
            Add comment
          </Button>
        </div>
      </form>
    </div>
  )
}

const nameOf = (comment: ReportComment) => (comment.resolvedAt === null ? 'Resolve' : 'Open again')

function About({ about }: { readonly about: NonNullable<ReportComment['about']> }) {
  return (
    <>
      <blockquote className="report-quote">{about.panel ? `Panel: ${about.quote}` : about.quote}</blockquote>
      {about.place === null && (
        <p className="t3 sm">Detached: the newest version does not have this passage any more.</p>
      )}
    </>
  )
}
