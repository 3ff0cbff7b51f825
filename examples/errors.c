/* SPDX-License-Identifier: MIT */
/* errors.c: shows how a call reports a wrong argument. */
#include <sape/sape.h>
#include <stdio.h>

int main(void) {
    sape_encoder_params params;
    sape_encoder_params_init(&params, sizeof params);
    params.domain_dim = 4;
    sape_encoder *encoder = NULL;
    sape_status status = sape_encoder_create(&params, &encoder);
    printf("%s\n%s\n", sape_status_string(status), sape_last_error());
    return encoder != NULL;
}
