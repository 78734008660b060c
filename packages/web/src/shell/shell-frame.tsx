import { Drawer } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { dialogAttributes } from '../ui/dialog-attributes.ts'
import { Sidebar, type SidebarProps } from './sidebar.tsx'
import { TopBar } from './top-bar.tsx'
import type { Crumb } from './page-spec.ts'
import type { LiveStatus } from '../data/live.ts'

interface ShellFrameProps extends Omit<SidebarProps, 'onGo'> {
  readonly crumbs: readonly Crumb[]
  readonly live: LiveStatus | undefined
  readonly replayAt?: number | undefined
  readonly extra?: ReactNode
  readonly fills?: boolean | undefined
  readonly children: ReactNode
}

/** Sidebar, top bar and the page; below 800 px the sidebar is a drawer. */
export function ShellFrame({ crumbs, live, replayAt, extra, fills = false, children, ...sidebar }: ShellFrameProps) {
  const [drawer, setDrawer] = useState(false)
  return (
    <div className="app">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <div className="app-nav">
        <Sidebar {...sidebar} />
      </div>
      <Drawer
        opened={drawer}
        onClose={() => setDrawer(false)}
        size={260}
        padding={0}
        withCloseButton={false}
        title="Menu"
        transitionProps={{ duration: 140 }}
        attributes={dialogAttributes}
        classNames={{ content: 'drawer', overlay: 'dialog-overlay', header: 'sr-only', body: 'drawer-body' }}
      >
        <Sidebar {...sidebar} onGo={() => setDrawer(false)} />
      </Drawer>
      <div className="main">
        <TopBar
          project={sidebar.project}
          crumbs={crumbs}
          live={live}
          replayAt={replayAt}
          extra={extra}
          onMenu={() => setDrawer(true)}
        />
        <main id="content" tabIndex={-1} className={fills ? 'page page-fills' : 'page'}>
          {children}
        </main>
      </div>
    </div>
  )
}
