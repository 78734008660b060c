import { createHash } from 'node:crypto'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

describeEachDatabase('what the gateway knows of tokens', ({ world }) => {
  test('is of those that live, whose account lives, and of no browser; and who of them may predict', async () => {
    const { access } = world.capabilities
    const project = await world.makeProject()
    const admin = await world.as('instance-admin')
    const holder = await world.as('contributor', project)
    const reader = await world.as('viewer', project)
    const make = (principalId: string, more: object = {}) =>
      access.createToken(admin.principal, { principalId, name: 'of a test', project, ...more })
    const find = async (secret: string) => (await access.tokenSnapshot()).find(({ hash }) => hash === hashOf(secret))
    const predicts = async (secret: string) => (await find(secret))?.mayPredict

    const good = await make(holder.principal.id)
    const narrow = await make(holder.principal.id, { permissions: ['run:read'] })
    const revoked = await make(holder.principal.id)
    const session = await make(holder.principal.id, { kind: 'session' })
    const seen = await make(reader.principal.id)
    const gone = await access.createPrincipal(admin.principal, { name: `gone-${project}`, kind: 'service' })
    const disabled = await make(gone.id)
    expect(await find(revoked.secret)).toBeDefined()
    expect(await find(disabled.secret)).toBeDefined()
    await access.revokeToken(admin.principal, revoked.id)
    await world.kernel.db.write
      .transaction()
      .execute((trx) => trx.updateTable('principal').set({ disabled_at: 1 }).where('id', '=', gone.id).execute())

    expect(await find(good.secret)).toMatchObject({ project, principal: holder.principal.id, mayPredict: true })
    expect([await predicts(narrow.secret), await predicts(seen.secret)]).toEqual([false, false])
    for (const secret of [revoked.secret, disabled.secret, session.secret]) expect(await find(secret)).toBeUndefined()
    // The secret itself is nowhere.
    expect(JSON.stringify(await access.tokenSnapshot())).not.toContain(good.secret)
  })
})
