import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Access } from '../../capabilities/access/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { accessErrors, isMember, type Principal } from '../../kernel/principal/index.ts'
import { Args, type Loose } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { prefixes, rpc } from './rpc.ts'

interface Project {
  readonly id: string
  readonly title: string
}

/** A title that is no more than the name says nothing. */
const shape = ({ id, title }: Project): object => ({ name: id, ...(title === id ? {} : { description: title }) })

/** workspaces/*: MLflow's workspaces are projects. Who sees a project sees the workspace; who makes projects makes workspaces. */
export function workspaceCalls(app: Http, access: Pick<Access, 'createProject'>, { db }: Pick<Kernel, 'db'>): void {
  const projects = db.read.selectFrom('project').select(['id', 'title'])
  const visible = async (principal: Principal): Promise<Project[]> => {
    if (principal.grants.has('*')) return projects.orderBy('id').execute()
    const names = [...principal.grants.keys()]
    return names.length === 0 ? [] : projects.where('id', 'in', names).orderBy('id').execute()
  }
  const one = async (principal: Principal, name: string): Promise<Project> => {
    const found = isMember(principal, name) ? await projects.where('id', '=', name).executeTakeFirst() : undefined
    if (!found) throw accessErrors.PROJECT_NOT_FOUND(name.slice(0, 100))
    return found
  }

  for (const prefix of prefixes) {
    const config = { access: 'authenticated' as const }
    app.get(`${prefix}/workspaces`, { config }, async (request: FastifyRequest) => ({
      workspaces: (await visible(request.principal as Principal)).map(shape),
    }))
    app.get(`${prefix}/workspaces/:workspace_name`, { config }, async (request: FastifyRequest) => {
      const name = new Args(request.params as Loose).required('workspace_name')
      return { workspace: shape(await one(request.principal as Principal, name)) }
    })
    app.post(
      `${prefix}/workspaces`,
      { config: { access: 'instance:admin' as const } },
      async (request: FastifyRequest, reply: FastifyReply) => {
        const args = new Args((request.body ?? {}) as Loose)
        const name = args.required('name')
        if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])$/.test(name))
          throw mlflowErrors.INVALID(
            `Workspace name '${name.slice(0, 100)}' must have 2 to 63 characters: lower-case letters, digits, and hyphens inside.`,
          )
        for (const field of ['default_artifact_root', 'trace_archival_config'])
          if (args.raw(field) !== undefined && args.raw(field) !== '')
            throw mlflowErrors.INVALID(`Files of all projects are kept by this server; leave ${field} out.`)
        const title = args.text('description')?.slice(0, 200)
        await access.createProject(request.principal as Principal, { name, ...(title ? { title } : {}) })
        return reply.status(201).send({ workspace: shape({ id: name, title: title || name }) })
      },
    )
  }
  rpc(app, 'PATCH', 'workspaces/:workspace_name', 'project:admin', async () => {
    throw mlflowErrors.INVALID(
      'A workspace is a project here, whose name and title stay as they were made. Files of all projects are kept by this server.',
    )
  })
  rpc(app, 'DELETE', 'workspaces/:workspace_name', 'project:admin', async () => {
    throw mlflowErrors.INVALID(
      'A workspace is a project here, and a project is not removed: its record is kept. Delete its experiments and models, and take the roles of its people away in Settings → People.',
    )
  })
}
