/* SPDX-License-Identifier: MIT */
/* Loaded before a program's MPI library: rank 1 receives one sum of floats, the SPOIL_CALL-th, a
   little too large.
 */
#include <mpi.h>
#include <stdlib.h>

int MPI_Allreduce(const void *send, void *receive, int count, MPI_Datatype type, MPI_Op operation, MPI_Comm comm);

int MPI_Allreduce(const void *send, void *receive, int count, MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
    static int calls = 0;
    const char *wanted = getenv("SPOIL_CALL");
    const int status = PMPI_Allreduce(send, receive, count, type, operation, comm);
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    if (type == MPI_FLOAT && rank == 1 && wanted != NULL && ++calls == atoi(wanted))
        for (int i = 0; i < count; i++) ((float *)receive)[i] *= 1.01f;
    return status;
}
