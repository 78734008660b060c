import { Component, type ReactNode } from 'react'
import { Button } from '../ui/button.tsx'
import { PanelError } from '../ui/page-states.tsx'

interface ErrorBoundaryProps {
  readonly children: ReactNode
  /** A change of it tries again: the address of the page. */
  readonly resetKey: string
}

interface ErrorBoundaryState {
  readonly error: Error | undefined
  readonly key: string
}

/** A page that breaks does not take the shell with it. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { error: undefined, key: this.props.resetKey }

  static getDerivedStateFromError(error: Error): Partial<ErrorBoundaryState> {
    return { error }
  }

  static getDerivedStateFromProps(
    props: ErrorBoundaryProps,
    state: ErrorBoundaryState,
  ): Partial<ErrorBoundaryState> | null {
    return props.resetKey === state.key ? null : { error: undefined, key: props.resetKey }
  }

  override render() {
    const { error } = this.state
    if (!error) return this.props.children
    const chunk = /dynamically imported module|Importing a module script failed|Failed to fetch/.test(error.message)
    return (
      <div className="mt-24">
        <PanelError
          title={chunk ? 'This page could not be loaded.' : 'This page broke while it was drawn.'}
          onRetry={() => this.setState({ error: undefined })}
          actions={
            <Button size="small" onClick={() => location.reload()}>
              Reload
            </Button>
          }
        >
          {chunk
            ? 'The server has a newer UI, or does not answer. Reloading fetches it.'
            : `Other pages work. What it said: ${error.message}`}
        </PanelError>
      </div>
    )
  }
}
