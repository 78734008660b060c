import {
  getModelBill,
  getModelProvenance,
  getModelSignature,
  signModelVersion,
  verifyModelVersion,
} from '@trivium/contract'
import { type Http, mount } from '../../../kernel/http/index.ts'
import type { Registry } from '../registry.ts'

/** Where a version came from, what it is made of, and whether it is still that. */
export function provenanceRoutes(app: Http, registry: Registry): void {
  mount(app, getModelProvenance, 200, ({ scope, params }) => registry.provenance(scope, params.model, params.version))
  mount(app, getModelBill, 200, ({ scope, params }) => registry.bill(scope, params.model, params.version))
  mount(app, getModelSignature, 200, ({ scope, params }) => registry.signature(scope, params.model, params.version))
  mount(app, signModelVersion, 200, ({ scope, params }) => registry.sign(scope, params.model, params.version))
  mount(app, verifyModelVersion, 200, ({ scope, params }) => registry.verify(scope, params.model, params.version))
}
