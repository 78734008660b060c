import { getReport, listReports, listReportVersions, type Report, saveReport } from '@trivium/contract'
import { useDeferredValue, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { TextArea, TextField } from '../../ui/field.tsx'
import { Markdown } from '../../ui/markdown.tsx'
import { PanelView } from './panel-view.tsx'

interface ReportEditorProps {
  readonly project: string
  readonly report: Report
  readonly onSaved: () => void
}

/** Text at the left, what it becomes at the right; saving makes a version, and says so where somebody was faster. */
export function ReportEditor({ project, report, onSaved }: ReportEditorProps) {
  const [title, setTitle] = useState(report.title)
  const [text, setText] = useState(report.text)
  const shown = useDeferredValue(text)
  const save = useContractMutation(saveReport, {
    invalidates: [getReport, listReports, listReportVersions],
    onDone: onSaved,
  })
  const changed = title !== report.title || text !== report.text || report.shown < report.version
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate({
          params: { project, report: report.id },
          body: { title: title.trim(), text, after: report.version },
        })
      }}
    >
      <div className="cols-2">
        <div>
          <TextField label="Title" value={title} maxLength={200} onChange={(event) => setTitle(event.target.value)} />
          <div className="mt-8" />
          <TextArea
            label="Text, in Markdown"
            rows={26}
            value={text}
            maxLength={200_000}
            error={save.error?.detail}
            help="A fenced block panel is live: kind is table, curves, scatter, parallel, importance, number or notes; experiment, view or filter say which runs."
            onChange={(event) => setText(event.target.value)}
          />
          <div className="row mt-8">
            <Button
              type="submit"
              look="primary"
              pending={save.isPending}
              denied={title.trim() === '' ? 'Give it a title.' : changed ? undefined : 'Nothing has changed.'}
            >
              {`Save version ${report.version + 1}`}
            </Button>
          </div>
        </div>
        <section aria-label="Preview">
          <Markdown
            text={shown}
            renderCode={(language, code, at) =>
              language === 'panel' ? <PanelView key={at} project={project} text={code} /> : undefined
            }
          />
        </section>
      </div>
    </form>
  )
}
