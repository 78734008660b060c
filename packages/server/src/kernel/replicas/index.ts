/** The servers of one database: who is there, who leads, what they tell each other. */
export { createLeader, type Leader } from './leader.ts'
export { createReplicas, type PeerGateway, type Replica, type Replicas } from './replicas.ts'
